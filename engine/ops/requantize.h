// The arithmetic of quantized results, written once: every quantized operator rounds and saturates
// through these functions, so that none can differ from another.
// Invariant: y = saturate(rint_half_even(value) + zero_point), then the clamp in quantized steps;
// not-a-number quantizes to the lowest value instead of being undefined.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "ops/lowering.h"

namespace insitu {

// m = float32(float32(scale_x * scale_w) / scale_y), in this order.
inline float RequantizationFactor(float scale_x, float scale_w, float scale_y) {
  const float product = scale_x * scale_w;
  return product / scale_y;
}

// The bounds of T intersected with a clamp given in quantized steps.
struct QuantizedRange {
  int32_t low = 0, high = 0;
};

// The integer steps that `clamp` leaves of T's range; an empty intersection leaves one step.
template <class T>
QuantizedRange RangeOf(const Clamp& clamp) {
  constexpr float kLow = std::numeric_limits<T>::lowest();
  constexpr float kHigh = std::numeric_limits<T>::max();
  const float low = std::clamp(std::ceil(clamp.min), kLow, kHigh);
  const float high = std::clamp(std::floor(clamp.max), low, kHigh);
  return {static_cast<int32_t>(low), static_cast<int32_t>(high)};
}

// `value` in output steps relative to the zero point. Exact for zero points of 8 and 16 bits.
inline int32_t RoundToRange(float value, int32_t zero_point, QuantizedRange range) {
  const float low = static_cast<float>(range.low - zero_point);
  const float high = static_cast<float>(range.high - zero_point);
  const float rounded = std::rint(value);  // the default rounding mode is half to even
  const float kept = rounded >= low ? (rounded <= high ? rounded : high) : low;
  return static_cast<int32_t>(kept) + zero_point;
}

// Sums of integer products wrap like every SIMD kernel's instead of being undefined.
inline int32_t WrappingAdd(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}

}  // namespace insitu
