// The histogram, and the search for the ends of a range.
#include "quantize/ranges.h"

#include <algorithm>
#include <cmath>

namespace insitu {
namespace {

constexpr int kLevels = 256;

}  // namespace

ByteScale ScaleOf(const Range& range, bool is_signed) {
  const float low = std::min(range.low, 0.0F), high = std::max(range.high, 0.0F);
  const int lowest = is_signed ? -128 : 0;
  float scale = (high - low) / static_cast<float>(kLevels - 1);
  if (!(scale > 0) || !std::isfinite(scale)) return {1, lowest};
  const float zero = static_cast<float>(lowest) - low / scale;
  return {scale, std::clamp(static_cast<int>(std::nearbyint(zero)), lowest, lowest + kLevels - 1)};
}

bool RangeObserver::Add(std::span<const float> values) {
  float low = min_, high = max_;
  for (float value : values) {
    if (!std::isfinite(value)) return false;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (count_ == 0 && !values.empty()) {
    const auto [least, most] = std::ranges::minmax(values);
    low = least, high = most;
  }
  min_ = low, max_ = high;
  const float magnitude = std::max(std::abs(low), std::abs(high));
  Grow(magnitude);
  count_ += static_cast<int64_t>(values.size());
  if (magnitude == 0) return true;
  const double per_bin = static_cast<double>(kBins) / (2 * limit_);
  for (float value : values) {
    const double at = std::floor(static_cast<double>(value) * per_bin) + kBins / 2;
    ++bins_[static_cast<size_t>(std::clamp(at, 0.0, static_cast<double>(kBins - 1)))];
  }
  return true;
}

void RangeObserver::Grow(float magnitude) {
  if (limit_ == 0 && magnitude > 0) {
    limit_ = magnitude;
    bins_.assign(kBins, 0);
    bins_[kBins / 2] = count_;
  }
  while (magnitude > limit_) {
    std::vector<int64_t> wider(kBins, 0);
    for (size_t bin = 0; bin < kBins; ++bin) wider[kBins / 4 + bin / 2] += bins_[bin];
    bins_ = std::move(wider);
    limit_ *= 2;
  }
}

Range RangeObserver::Choose(RangeMethod method, double percentile) const {
  if (limit_ == 0) return extremes();
  switch (method) {
    case RangeMethod::kMinMax:
      return extremes();
    case RangeMethod::kPercentile:
      return Percentile(percentile);
    case RangeMethod::kEntropy:
      return Search(&RangeObserver::Divergence);
    case RangeMethod::kMeanSquareError:
      return Search(&RangeObserver::SquaredError);
  }
  return extremes();
}

Range RangeObserver::Percentile(double percentile) const {
  const auto outside = static_cast<double>(count_) * (100 - percentile) / 200;
  const double half_bin = limit_ / kBins;
  size_t low = 0, high = kBins - 1;
  double below = 0, above = 0;
  while (low < high && below + static_cast<double>(bins_[low]) <= outside)
    below += static_cast<double>(bins_[low++]);
  while (high > low && above + static_cast<double>(bins_[high]) <= outside)
    above += static_cast<double>(bins_[high--]);
  return {std::max(min_, static_cast<float>(Center(low) - half_bin)),
          std::min(max_, static_cast<float>(Center(high) + half_bin))};
}

double RangeObserver::SquaredError(const Range& range) const {
  const ByteScale to = ScaleOf(range, false);
  double error = 0;
  for (size_t bin = 0; bin < kBins; ++bin) {
    if (bins_[bin] == 0) continue;
    const double x = Center(bin);
    const double code =
        std::clamp(std::nearbyint(x / to.scale) + to.zero_point, 0.0, double{kLevels - 1});
    const double difference = x - (code - to.zero_point) * to.scale;
    error += static_cast<double>(bins_[bin]) * difference * difference;
  }
  return error;
}

double RangeObserver::Divergence(const Range& range) const {
  const ByteScale to = ScaleOf(range, false);
  // Zeros, of which a Relu makes many, are exact in any range: they would only hide what is not.
  std::vector<int64_t> bins = bins_;
  bins[kBins / 2] = std::min(bins[kBins / 2], bins[kBins / 2 + 1]);
  std::vector<double> seen(kLevels, 0), mass(kLevels, 0);
  std::vector<size_t> level_of(kBins);
  double inside_of[2] = {0, 0};  // what is clipped goes to the outermost bins that are not
  size_t first = kBins, last = 0;
  for (size_t bin = 0; bin < kBins; ++bin) {
    const double code = std::nearbyint(Center(bin) / to.scale) + to.zero_point;
    const auto count = static_cast<double>(bins[bin]);
    if (code < 0 || code > kLevels - 1) {
      inside_of[code < 0 ? 0 : 1] += count;
      continue;
    }
    first = std::min(first, bin);
    last = bin;
    level_of[bin] = static_cast<size_t>(code);
    if (count > 0) seen[level_of[bin]] += 1;
    mass[level_of[bin]] += count;
  }
  if (first == kBins) return INFINITY;
  double total = 0, divergence = 0;
  for (int64_t count : bins) total += static_cast<double>(count);
  for (size_t bin = first; bin <= last; ++bin) {
    double p = static_cast<double>(bins[bin]);
    const double q = p > 0 ? mass[level_of[bin]] / seen[level_of[bin]] : 0;
    if (bin == first) p += inside_of[0];
    if (bin == last) p += inside_of[1];
    if (p == 0) continue;
    // A bin that holds clipped numbers alone has nothing to compare with.
    divergence += p / total * std::log(p / std::max(q, 1e-3));
  }
  return divergence;
}

Range RangeObserver::Search(double (RangeObserver::*cost)(const Range&) const) const {
  constexpr int kSteps = 50;  // of 2 %
  Range best = extremes();
  double least = (this->*cost)(best);
  for (int turn = 0; turn < 2; ++turn) {
    for (float Range::* end : {&Range::high, &Range::low}) {
      const float whole = extremes().*end;
      for (int step = 1; step < kSteps && whole != 0; ++step) {
        Range shrunk = best;
        shrunk.*end = whole * static_cast<float>(kSteps - step) / kSteps;
        const double now = (this->*cost)(shrunk);
        if (now < least) least = now, best = shrunk;
      }
    }
  }
  return best;
}

}  // namespace insitu
