// int8 or uint8 -> float32: y = float32(x - zero_point) * scale.
#include "exec/kernels/kernels.h"

namespace insitu::kernels {
namespace {

template <class T>
class DequantizeKernel final : public Kernel {
 public:
  explicit DequantizeKernel(Quantization x) : x_(x) {}

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    elements_ = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    return 0;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    const T* x = Cast<T>(inputs[0]);
    float* y = Cast<float>(outputs[0]);
    const float scale = x_.scale;
    const int32_t zero_point = x_.zero_point;
    for (size_t i = 0; i < elements_; ++i)
      y[i] = static_cast<float>(static_cast<int32_t>(x[i]) - zero_point) * scale;
    return {};
  }

 private:
  Quantization x_;
  size_t elements_ = 0;
};

}  // namespace

Considered Consider(const lowered::Dequantize& op) {
  if (op.to != DType::kFloat32) return Refuse("only to float32");
  if (!IsByte(op.from)) return Refuse("only from 8 bits");
  return Offer{.cost = 2.0};
}

Created Create(const lowered::Dequantize& op, const ThreadPool&, PackedWeights) {
  if (op.from == DType::kInt8) return std::make_unique<DequantizeKernel<int8_t>>(op.x);
  return std::make_unique<DequantizeKernel<uint8_t>>(op.x);
}

}  // namespace insitu::kernels
