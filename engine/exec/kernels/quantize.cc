// float32 -> int8 or uint8: y = saturate(rint_half_even(x / scale) + zero_point), with a true
// division, since multiplying by the reciprocal rounds differently now and then.
#include "exec/kernels/kernels.h"
#include "ops/requantize.h"

namespace insitu::kernels {
namespace {

template <class T>
class QuantizeKernel final : public Kernel {
 public:
  explicit QuantizeKernel(Quantization y) : y_(y) {}

  Result<size_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    elements_ = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    return 0;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    const float* x = Cast<float>(inputs[0]);
    T* y = Cast<T>(outputs[0]);
    // Locals, because a store to y might change members as far as the compiler knows.
    const QuantizedRange range = RangeOf<T>({});
    const float scale = y_.scale;
    const int32_t zero_point = y_.zero_point;
    const size_t count = elements_;
    for (size_t i = 0; i < count; ++i)
      y[i] = static_cast<T>(RoundToRange(x[i] / scale, zero_point, range));
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

Created Create(const lowered::Quantize& op) {
  if (op.to == DType::kInt8) return std::make_unique<QuantizeKernel<int8_t>>(op.y);
  return std::make_unique<QuantizeKernel<uint8_t>>(op.y);
}

}  // namespace insitu::kernels
