// The requantization of ops/requantize.h, several numbers at a time. The range is within one of the
// two 8-bit types and a zero point within 8 bits, so that adding 1.5 * 2^23 rounds half to even and
// the low bits of the sum are the step.
#pragma once

#include <cstddef>
#include <cstdint>

#include "exec/kernels/eight_sums.h"
#include "ops/requantize.h"

namespace insitu::kernels {

// Where 8-bit results go in their type's range.
struct Requantizer {
  int32_t zero_point = 0;
  QuantizedRange range;
  bool is_signed = false;
  // Every value is within 2^21 steps, so that it can be rounded before it is clamped.
  bool bounded = false;
};

#ifdef __wasm_simd128__
inline v128_t RoundSteps(v128_t value, int32_t zero_point) {
  constexpr float kRounder = 12582912.0f;
  constexpr int32_t kRounderBits = 0x4b400000;
  value = wasm_f32x4_add(value, wasm_f32x4_splat(kRounder));
  return wasm_i32x4_sub(value, wasm_i32x4_splat(kRounderBits - zero_point));
}

// Four values in output steps as int32 steps within the range.
inline v128_t RoundFour(v128_t value, int32_t zero_point, QuantizedRange range) {
  const v128_t low = wasm_f32x4_splat(static_cast<float>(range.low - zero_point));
  const v128_t high = wasm_f32x4_splat(static_cast<float>(range.high - zero_point));
  value = wasm_f32x4_pmin(high, wasm_f32x4_pmax(low, value));  // not-a-number becomes low
  return RoundSteps(value, zero_point);
}

// The low bytes of eight int32 steps, which are the results, signed or not.
inline void StoreEight(v128_t first, v128_t second, std::byte* y) {
  const v128_t mask = wasm_i32x4_splat(0xff);
  const v128_t halves =
      wasm_i16x8_narrow_i32x4(wasm_v128_and(first, mask), wasm_v128_and(second, mask));
  wasm_v128_store64_lane(y, wasm_u8x16_narrow_i16x8(halves, halves), 0);
}

// Narrowing saturates; what the clamp leaves of the type's range is cut in bytes.
inline void StoreSaturated(v128_t first, v128_t second, const Requantizer& to, std::byte* y) {
  const v128_t halves = wasm_i16x8_narrow_i32x4(first, second);
  const v128_t low = wasm_i8x16_splat(static_cast<int8_t>(to.range.low));
  const v128_t high = wasm_i8x16_splat(static_cast<int8_t>(to.range.high));
  v128_t bytes;
  if (to.is_signed)
    bytes = wasm_i8x16_min(wasm_i8x16_max(wasm_i8x16_narrow_i16x8(halves, halves), low), high);
  else
    bytes = wasm_u8x16_min(wasm_u8x16_max(wasm_u8x16_narrow_i16x8(halves, halves), low), high);
  wasm_v128_store64_lane(y, bytes, 0);
}
#endif

// y[c] from sums[c] * factor[c].
inline void RequantizeEight(EightSums sums, const float* factor, const Requantizer& to,
                            std::byte* y) {
#ifdef __wasm_simd128__
  const v128_t low = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sums.low), wasm_v128_load(factor));
  const v128_t high =
      wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sums.high), wasm_v128_load(factor + 4));
  if (to.bounded)
    StoreSaturated(RoundSteps(low, to.zero_point), RoundSteps(high, to.zero_point), to, y);
  else
    StoreEight(RoundFour(low, to.zero_point, to.range), RoundFour(high, to.zero_point, to.range),
               y);
#else
  for (size_t c = 0; c < EightSums::kCount; ++c)
    y[c] = static_cast<std::byte>(
        RoundToRange(static_cast<float>(sums.at[c]) * factor[c], to.zero_point, to.range));
#endif
}

// y[i] from x[i] / to.scale: a true division, since multiplying by the reciprocal
// rounds differently now and then.
inline void QuantizeFloats(const float* x, size_t count, Quantization to, QuantizedRange range,
                           std::byte* y) {
  size_t i = 0;
#ifdef __wasm_simd128__
  const v128_t scale = wasm_f32x4_splat(to.scale);
  for (; i + 8 <= count; i += 8) {
    const auto steps = [&](size_t at) {
      return RoundFour(wasm_f32x4_div(wasm_v128_load(x + at), scale), to.zero_point, range);
    };
    StoreEight(steps(i), steps(i + 4), y + i);
  }
#endif
  for (; i < count; ++i)
    y[i] = static_cast<std::byte>(RoundToRange(x[i] / to.scale, to.zero_point, range));
}

}  // namespace insitu::kernels
