// For given codes the error is a parabola in the scale, with its lowest point at
//   scale = sum(w d) / sum(d d), where it is sum(w w) - scale * sum(w d)
// and the zero point follows from the line w ~ scale * d + offset.
#include "quantize/block_search.h"

#include <algorithm>
#include <cmath>

namespace insitu {
namespace {

constexpr int kMostRounds = 8;
// How much of the range is kept at its ends: the lower, the upper.
constexpr struct {
  float low, high;
} kKept[] = {{1, 1},    {0.9F, 0.9F}, {0.8F, 0.8F}, {0.7F, 0.7F}, {0.6F, 0.6F},
             {0.8F, 1}, {1, 0.8F},    {0.6F, 1},    {1, 0.6F}};

}  // namespace

void BlockSearch::Begin(std::span<const float> weights) {
  weight_sum_ = weight_squares_ = 0;
  for (float w : weights) {
    weight_sum_ += w;
    weight_squares_ += static_cast<double>(w) * w;
  }
  trial_.resize(weights.size());
  // Zeros alone: no scale says anything about them.
  codes_.assign(weights.size(), static_cast<uint8_t>(middle_));
  best_ = {1, middle_, weight_squares_};
}

void BlockSearch::FitSymmetric(std::span<const float> weights) {
  Begin(weights);
  // The largest weight gets code 0, which is farther from the middle than the largest code is.
  float largest = 0;
  for (float w : weights)
    if (std::abs(w) > std::abs(largest)) largest = w;
  for (const auto& kept : kKept)
    if (kept.low == kept.high)
      Improve(weights, -largest * kept.low / static_cast<float>(middle_), middle_, false);
}

void BlockSearch::FitFree(std::span<const float> weights) {
  const auto [low, high] = std::ranges::minmax(weights);
  for (const auto& kept : kKept) {
    const float from = std::min(low, 0.0F) * kept.low, to = std::max(high, 0.0F) * kept.high;
    const float scale = to / static_cast<float>(top_) - from / static_cast<float>(top_);
    if (!(scale > 0)) return;
    Improve(weights, scale, std::clamp(static_cast<int>(std::lround(-from / scale)), 0, top_),
            true);
  }
}

void BlockSearch::Improve(std::span<const float> weights, float scale, int zero, bool free_zero) {
  double before = std::numeric_limits<double>::infinity();
  for (int round = 0; round < kMostRounds; ++round) {
    if (!std::isnormal(scale) || !std::isfinite(1 / scale)) return;
    Sums sums = Round(weights, scale, zero);
    double error = Take(sums, zero);
    if (free_zero) {
      const auto n = static_cast<double>(weights.size());
      const double spread = n * sums.dd - sums.d * sums.d;
      if (!(spread > 0)) return;
      const double slope = (n * sums.wd - weight_sum_ * sums.d) / spread;
      const double offset = (weight_sum_ - slope * sums.d) / n;
      const double moved = std::nearbyint(zero - offset / slope);
      if (!std::isfinite(moved)) return;
      const int next = static_cast<int>(std::clamp(moved, 0.0, static_cast<double>(top_)));
      const double by = zero - next;
      sums = {sums.d + n * by, sums.dd + 2 * by * sums.d + n * by * by, sums.wd + by * weight_sum_};
      zero = next;
      error = std::min(error, Take(sums, zero));
    }
    if (!(error < before)) return;
    before = error;
    scale = static_cast<float>(sums.wd / sums.dd);
  }
}

BlockSearch::Sums BlockSearch::Round(std::span<const float> weights, float scale, int zero) {
  const float inverse = 1 / scale, shift = static_cast<float>(zero) + 0.5F;
  const float top = static_cast<float>(top_) + 0.5F;
  for (size_t i = 0; i < weights.size(); ++i)
    trial_[i] = static_cast<uint8_t>(
        static_cast<int>(std::min(std::max(weights[i] * inverse + shift, 0.0F), top)));
  int64_t d_sum = 0, dd_sum = 0;
  double wd_sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const int d = trial_[i] - zero;
    d_sum += d;
    dd_sum += int64_t{d} * d;
    wd_sum += static_cast<double>(weights[i]) * d;
  }
  return {static_cast<double>(d_sum), static_cast<double>(dd_sum), wd_sum};
}

double BlockSearch::Take(const Sums& sums, int zero) {
  const auto scale = static_cast<float>(sums.wd / sums.dd);
  if (!std::isnormal(scale)) return weight_squares_;
  const double wide = scale;
  const double error = std::max(0.0, weight_squares_ - 2 * wide * sums.wd + wide * wide * sums.dd);
  if (error < best_.squared_error) {
    best_ = {scale, zero, error};
    std::ranges::copy(trial_, codes_.begin());
  }
  return error;
}

}  // namespace insitu
