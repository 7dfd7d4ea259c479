// float32 -> int8 or uint8: y = saturate(rint_half_even(x / scale) + zero_point).
#include "exec/kernels/kernels.h"
#include "exec/kernels/simd_requantize.h"

namespace insitu::kernels {
namespace {

template <class T>
class QuantizeKernel final : public Kernel {
 public:
  explicit QuantizeKernel(Quantization y) : y_(y) {}

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    elements_ = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    return 0;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    QuantizeFloats(Cast<float>(inputs[0]), elements_, y_, RangeOf<T>({}), outputs[0]);
    return {};
  }

 private:
  Quantization y_;
  size_t elements_ = 0;
};

}  // namespace

Considered Consider(const lowered::Quantize& op) {
  if (op.from != DType::kFloat32 || !IsByte(op.to)) return Refuse("only float32 to 8 bits");
  return Offer{.cost = 2.0};
}

Created Create(const lowered::Quantize& op, const ThreadPool&, PackedWeights) {
  if (op.to == DType::kInt8) return std::make_unique<QuantizeKernel<int8_t>>(op.y);
  return std::make_unique<QuantizeKernel<uint8_t>>(op.y);
}

}  // namespace insitu::kernels
