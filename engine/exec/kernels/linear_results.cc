#include "exec/kernels/linear_results.h"

#include <algorithm>
#include <cmath>

namespace insitu::kernels {
namespace {

// Whether every sum of products times its factor is within 2^21 steps, whatever the data.
bool AreBounded(const LinearNumbers& n, std::span<const float> factors) {
  constexpr double kLargestProduct = 255.0 * 255.0, kBound = 1 << 21;
  double bias = 0;
  if (!n.bias.empty())
    for (int32_t value : n.bias.As<int32_t>())
      bias = std::max(bias, std::abs(static_cast<double>(value)));
  const double sum = kLargestProduct * static_cast<double>(n.depth()) + bias;
  // Sums wrap beyond int32.
  const double largest = std::min(sum, 2147483648.0);
  return std::ranges::all_of(factors, [&](float factor) {
    return std::abs(static_cast<double>(factor)) * largest < kBound;  // not for not-a-number
  });
}

}  // namespace

Result<LinearResults> LinearResults::Of(const LinearNumbers& n, size_t groups) {
  LinearResults results;
  results.output_ = n.output;
  results.clamp_ = n.clamp;
  if (n.output == DType::kInt32) return results;
  const size_t of_group = n.columns() / groups, blocks = (of_group + kColumns - 1) / kColumns;
  const size_t bytes = groups * blocks * kColumns * sizeof(float);
  INSITU_ASSIGN(results.factor_, Buffer::Zeroed(bytes));
  auto* factor = Cast<float>(results.factor_.data());
  float* real_bias = nullptr;
  if (!n.bias.empty() && n.bias.dtype() == DType::kFloat32) {
    INSITU_ASSIGN(results.real_bias_, Buffer::Zeroed(bytes));
    real_bias = Cast<float>(results.real_bias_.data());
  }
  const bool real = n.output == DType::kFloat32;
  for (size_t c = 0; c < n.columns(); ++c) {
    const size_t place = c / of_group * blocks * kColumns + c % of_group;
    const float scale = n.weight_scale(c);
    factor[place] = real ? scale : RequantizationFactor(n.x->scale, scale, n.y->scale);
    if (real_bias) real_bias[place] = n.bias.As<float>()[c];
  }
  if (real) return results;
  results.gives_bytes_ = true;
  results.requantizer_ = Requantizer(*n.y, n.output, n.clamp);
  results.requantizer_.bounded = AreBounded(n, {factor, results.factor_.size() / sizeof(float)});
  return results;
}

void LinearResults::Store(EightSums sums, size_t block, size_t count, float scale_x,
                          std::byte* y) const {
  if (gives_bytes_) {
    std::byte bytes[kColumns];
    requantizer(block).Store<1>({sums}, {bytes});
    std::copy_n(bytes, count, y);
    return;
  }
  if (gives_reals()) {
    float values[kColumns];
    reals(block, scale_x).Store<1>({sums}, {values});
    std::copy_n(values, count, Cast<float>(y));
    return;
  }
  alignas(16) int32_t integers[kColumns];
  sums.Store(integers);
  std::copy_n(integers, count, Cast<int32_t>(y));
}

}  // namespace insitu::kernels
