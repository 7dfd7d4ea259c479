// Copies of any element type, and Relu and clamps of 8-bit integers, in their own
// steps.
#include <algorithm>
#include <cstring>

#include "exec/kernels/kernels.h"
#include "ops/requantize.h"

namespace insitu::kernels {
namespace {

using lowered::UnaryKind;

class CopyKernel final : public Kernel {
 public:
  explicit CopyKernel(DType dtype) : dtype_(dtype) {}

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    bytes_ = ByteSize(dtype_, ElementsUnchecked(inputs[0]));
    return 0;
  }
  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    if (bytes_ > 0 && inputs[0] != outputs[0]) std::memcpy(outputs[0], inputs[0], bytes_);
    return {};
  }

 private:
  DType dtype_;
  size_t bytes_ = 0;
};

template <class T>
class ClampKernel final : public Kernel {
 public:
  explicit ClampKernel(Clamp clamp) {
    const QuantizedRange range = RangeOf<T>(clamp);
    low_ = static_cast<T>(range.low);
    high_ = static_cast<T>(range.high);
  }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    elements_ = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    return 0;
  }
  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    const T* x = Cast<T>(inputs[0]);
    T* y = Cast<T>(outputs[0]);
    // Locals, because a store to y might change members as far as the compiler knows.
    const T low = low_, high = high_;
    const size_t count = elements_;
    for (size_t i = 0; i < count; ++i) y[i] = std::min(std::max(x[i], low), high);
    return {};
  }

 private:
  T low_, high_;
  size_t elements_ = 0;
};

Clamp WholeClamp(const lowered::Unary& op) {
  Clamp clamp = op.clamp;
  if (op.kind == UnaryKind::kRelu && !(clamp.min > 0.0f)) clamp.min = 0.0f;
  return clamp;
}

}  // namespace

Considered Consider(const lowered::Unary& op) {
  if (op.kind == UnaryKind::kCopy) {
    if (BitWidth(op.dtype) < 8) return Refuse("only elements of whole bytes");
    if (!op.clamp.IsNone()) return Refuse("a copy with a clamp");
    return Offer{.cost = 1.0, .in_place = true};
  }
  if (op.kind != UnaryKind::kClamp && op.kind != UnaryKind::kRelu)
    return Refuse("insitu has no kernel of its own for it");
  if (!IsByte(op.dtype)) return Refuse("only 8-bit integers");
  if (!(WholeClamp(op).min <= op.clamp.max)) return Refuse("the clamp is empty");
  return Offer{.cost = 1.0, .in_place = true};
}

Created Create(const lowered::Unary& op, const ThreadPool&, PackedWeights) {
  if (op.kind == UnaryKind::kCopy) return std::make_unique<CopyKernel>(op.dtype);
  if (op.dtype == DType::kInt8) return std::make_unique<ClampKernel<int8_t>>(WholeClamp(op));
  return std::make_unique<ClampKernel<uint8_t>>(WholeClamp(op));
}

}  // namespace insitu::kernels
