// What an activation was seen to be: extremes, a histogram that grows with them, and from these the
// range that is worth 256 levels.
// Invariant: every finite number that was added is within [min, max] and counted once; memory does
// not grow with what is added.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "quantize/options.h"

namespace insitu {

struct Range {
  float low = 0, high = 0;
};

// Scale and zero point of 8-bit codes whose range holds `range` and zero.
struct ByteScale {
  float scale = 1;
  int zero_point = 0;
};
ByteScale ScaleOf(const Range& range, bool is_signed);

class RangeObserver {
 public:
  // False where a number is not finite; none of them is counted then.
  bool Add(std::span<const float> values);
  Range extremes() const { return {min_, max_}; }
  // kMinMax: the extremes. kPercentile: without the outermost (100 - percentile) / 2 percent on
  // either side. kMeanSquareError: the least error of all that was seen, clipping included.
  // kEntropy: the least Kullback-Leibler divergence of the histogram from what 256 levels leave of
  // it (Migacz, 8-bit Inference with TensorRT, 2017), here with both ends free.
  Range Choose(RangeMethod method, double percentile) const;

 private:
  static constexpr size_t kBins = 4096;  // over [-limit_, limit_]

  void Grow(float magnitude);
  double Center(size_t bin) const {
    return (static_cast<double>(bin) + 0.5 - kBins / 2) * 2 * limit_ / kBins;
  }
  Range Percentile(double percentile) const;
  double SquaredError(const Range& range) const;
  double Divergence(const Range& range) const;
  // The shrunk range of least cost, one end after the other.
  Range Search(double (RangeObserver::*cost)(const Range&) const) const;

  float min_ = 0, max_ = 0;
  double limit_ = 0;  // 0: nothing but zeros yet, which count_ counts
  int64_t count_ = 0;
  std::vector<int64_t> bins_;
};

}  // namespace insitu
