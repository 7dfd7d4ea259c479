// Layer and RMS normalization of float32 rows. Sums run in eight lanes, so that a row of thousands
// loses no more than a row of hundreds would in one; the variance is taken around the mean.
#include <cmath>

#include "exec/kernels/kernels.h"

namespace insitu::kernels {
namespace {

constexpr size_t kLanes = 8;

// The sum of f(x[i]).
template <class F>
double Sum(const float* x, size_t count, F f) {
  float lanes[kLanes] = {};
  double total = 0;
  constexpr size_t kBlock = 256;
  size_t i = 0;
  while (i + kLanes <= count) {
    const size_t end = std::min(count / kLanes * kLanes, i + kBlock);
    for (; i < end; i += kLanes)
      for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += f(x[i + lane]);
    for (float& lane : lanes) {
      total += lane;
      lane = 0;
    }
  }
  for (; i < count; ++i) total += f(x[i]);
  return total;
}

class NormalizeKernel final : public Kernel {
 public:
  explicit NormalizeKernel(lowered::Normalize op)
      : op_(std::move(op)), count_(static_cast<size_t>(op_.count)) {}

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    const auto elements = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    rows_ = elements / count_;
    if (rows_ * count_ == elements) return 0;
    return Fail(ErrorCode::kShapeMismatch,
                "rows of " + std::to_string(count_) + " elements in " + ToString(inputs[0]));
  }
  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    const auto* x = Cast<float>(inputs[0]);
    auto* y = Cast<float>(outputs[0]);
    for (size_t row = 0; row < rows_; ++row) RunRow(x + row * count_, y + row * count_);
    return {};
  }

 private:
  void RunRow(const float* x, float* y) const {
    const auto n = static_cast<double>(count_);
    float mean = 0;
    if (op_.centred) mean = static_cast<float>(Sum(x, count_, [](float v) { return v; }) / n);
    const double variance = Sum(x, count_, [mean](float v) { return (v - mean) * (v - mean); }) / n;
    const auto factor =
        static_cast<float>(1 / std::sqrt(variance + static_cast<double>(op_.epsilon)));
    const float* scale = op_.scale.As<float>().data();
    if (op_.bias.empty()) {
      for (size_t i = 0; i < count_; ++i) y[i] = (x[i] - mean) * factor * scale[i];
      return;
    }
    const float* bias = op_.bias.As<float>().data();
    for (size_t i = 0; i < count_; ++i) y[i] = (x[i] - mean) * factor * scale[i] + bias[i];
  }

  lowered::Normalize op_;
  size_t count_, rows_ = 0;
};

}  // namespace

Considered Consider(const lowered::Normalize& op) {
  if (op.count < 1 || op.scale.dtype() != DType::kFloat32 ||
      (!op.bias.empty() && op.bias.dtype() != DType::kFloat32))
    return Refuse("only float32");
  return Offer{.cost = 1.0, .in_place = true};
}

Created Create(const lowered::Normalize& op, const ThreadPool&, PackedWeights) {
  lowered::Normalize own = op;  // the tensors may be part of the model's bytes
  INSITU_ASSIGN(own.scale, op.scale.Copy());
  if (!op.bias.empty()) {
    INSITU_ASSIGN(own.bias, op.bias.Copy());
  }
  return std::make_unique<NormalizeKernel>(std::move(own));
}

}  // namespace insitu::kernels
