// DynamicRange: the quantization that DynamicQuantizeLinear chooses for a tensor.
#pragma once

#include <algorithm>
#include <limits>
#include <span>

#include "ops/requantize.h"

namespace insitu {

// uint8 by the range of x, widened to contain 0. What is not finite does not widen the range
// beyond float32's; not-a-number is skipped.
inline Quantization DynamicRange(std::span<const float> x) {
  constexpr float kLimit = std::numeric_limits<float>::max() / 2;
  float min = 0.0f, max = 0.0f;
  for (float value : x) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  min = std::max(min, -kLimit);
  max = std::min(max, kLimit);
  const float scale = (max - min) / 255.0f;
  if (!(scale > 0.0f)) return {1.0f, 0};
  return {scale, RoundToRange(-min / scale, 0, RangeOf<uint8_t>({}))};
}

}  // namespace insitu
