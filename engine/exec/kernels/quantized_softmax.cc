// Softmax of 8-bit elements: powers come from a table of the 256 distances to the largest element,
// and so do the results of a line, so that only the sum is computed element by element.
//   p = exp(scale_x * (x - max)) / sum, in double; y = saturate(rint_half_even(float32(p) /
//   scale_y) + zy)
#include <algorithm>
#include <array>
#include <cmath>

#include "exec/kernels/kernels.h"
#include "ops/requantize.h"

namespace insitu::kernels {
namespace {

template <class T>
class QuantizedSoftmaxKernel final : public Kernel {
 public:
  explicit QuantizedSoftmaxKernel(const lowered::QuantizedSoftmax& op) : op_(op) {
    for (size_t i = 0; i < powers_.size(); ++i)
      powers_[i] = std::exp(-static_cast<double>(op.x.scale) * static_cast<double>(i));
  }

  Result<size_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    const std::span<const int64_t> dims = inputs[0];
    const auto axis = static_cast<size_t>(op_.axis);
    if (axis > dims.size() || (axis == dims.size() && !op_.flattens))
      return Fail(ErrorCode::kShapeMismatch, "Softmax along axis " + std::to_string(op_.axis) +
                                                 " of a tensor of shape " + ToString(dims));
    outer_ = static_cast<size_t>(ElementsUnchecked(dims.first(axis)));
    const auto rest = static_cast<size_t>(ElementsUnchecked(dims.subspan(axis)));
    count_ = op_.flattens ? rest : static_cast<size_t>(dims[axis]);
    inner_ = op_.flattens || count_ == 0 ? 1 : rest / count_;
    return 0;
  }
  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    if (count_ == 0) return {};
    const T* x = Cast<T>(inputs[0]);
    T* y = Cast<T>(outputs[0]);
    for (size_t o = 0; o < outer_; ++o)
      for (size_t i = 0; i < inner_; ++i)
        RunLine(x + o * count_ * inner_ + i, y + o * count_ * inner_ + i);
    return {};
  }

 private:
  void RunLine(const T* x, T* y) {
    T largest = x[0];
    for (size_t i = 1; i < count_; ++i) largest = std::max(largest, x[i * inner_]);
    double sum = 0;
    for (size_t i = 0; i < count_; ++i) sum += powers_[Distance(largest, x[i * inner_])];
    std::array<T, 256> results;
    std::array<bool, 256> known = {};
    for (size_t i = 0; i < count_; ++i) {
      const size_t distance = Distance(largest, x[i * inner_]);
      if (!known[distance]) {
        const auto share = static_cast<float>(powers_[distance] / sum);
        results[distance] =
            static_cast<T>(RoundToRange(share / op_.y.scale, op_.y.zero_point, RangeOf<T>({})));
        known[distance] = true;
      }
      y[i * inner_] = results[distance];
    }
  }
  static size_t Distance(T largest, T value) {
    return static_cast<size_t>(static_cast<int>(largest) - static_cast<int>(value));
  }

  lowered::QuantizedSoftmax op_;
  std::array<double, 256> powers_;
  size_t outer_ = 0, count_ = 0, inner_ = 1;
};

}  // namespace

Considered Consider(const lowered::QuantizedSoftmax& op) {
  if (!IsByte(op.dtype)) return Refuse("only 8-bit integers");
  return Offer{.cost = 2.0};
}

Created Create(const lowered::QuantizedSoftmax& op, const ThreadPool&) {
  if (op.dtype == DType::kInt8) return std::make_unique<QuantizedSoftmaxKernel<int8_t>>(op);
  return std::make_unique<QuantizedSoftmaxKernel<uint8_t>>(op);
}

}  // namespace insitu::kernels
