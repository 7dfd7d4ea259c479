// DynamicRange: the quantization that DynamicQuantizeLinear chooses for a tensor.
#pragma once

#include <algorithm>
#include <limits>
#include <span>

#include "ops/requantize.h"

namespace insitu {

// The smallest and the largest of some numbers and 0; not-a-number is skipped.
struct Extremes {
  float min = 0.0f, max = 0.0f;

  void Include(std::span<const float> x) {
    for (float value : x) {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
};

// uint8 for the range between the extremes. What is not finite does not widen it beyond float32's.
inline Quantization DynamicRange(Extremes of) {
  constexpr float kLimit = std::numeric_limits<float>::max() / 2;
  const float min = std::max(of.min, -kLimit), max = std::min(of.max, kLimit);
  const float scale = (max - min) / 255.0f;
  if (!(scale > 0.0f)) return {1.0f, 0};
  return {scale, RoundToRange(-min / scale, 0, RangeOf<uint8_t>({}))};
}

inline Quantization DynamicRange(std::span<const float> x) {
  Extremes extremes;
  extremes.Include(x);
  return DynamicRange(extremes);
}

}  // namespace insitu
