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

  Requantizer() = default;
  Requantizer(Quantization to, DType output, Clamp clamp)
      : zero_point(to.zero_point),
        range(output == DType::kInt8 ? RangeOf<int8_t>(clamp) : RangeOf<uint8_t>(clamp)),
        is_signed(output == DType::kInt8) {}
};

inline constexpr float kRounder = 12582912.0f;
inline constexpr int32_t kRounderBits = 0x4b400000;

#ifdef __wasm_simd128__
// Four values in output steps as int32 steps within the range.
inline v128_t RoundFour(v128_t value, int32_t zero_point, QuantizedRange range) {
  const v128_t low = wasm_f32x4_splat(static_cast<float>(range.low - zero_point));
  const v128_t high = wasm_f32x4_splat(static_cast<float>(range.high - zero_point));
  value = wasm_f32x4_pmin(high, wasm_f32x4_pmax(low, value));  // not-a-number becomes low
  value = wasm_f32x4_add(value, wasm_f32x4_splat(kRounder));
  return wasm_i32x4_sub(value, wasm_i32x4_splat(kRounderBits - zero_point));
}

// The low bytes of eight int32 steps, which are the results, signed or not.
inline void StoreEight(v128_t first, v128_t second, std::byte* y) {
  const v128_t mask = wasm_i32x4_splat(0xff);
  const v128_t halves =
      wasm_i16x8_narrow_i32x4(wasm_v128_and(first, mask), wasm_v128_and(second, mask));
  wasm_v128_store64_lane(y, wasm_u8x16_narrow_i16x8(halves, halves), 0);
}

#endif

// What becomes of rows of eight sums: y[c] from sums[c] * factor[c]. Where there is SIMD all that
// it needs is held in vectors, for the rows of a block of columns; its own copy, because writing
// bytes would make the compiler load it anew.
class EightRequantizer {
 public:
  EightRequantizer() = default;
  EightRequantizer(const float* factor, const Requantizer& to);

  // Sums in registers stay there: they are read by place.
  template <size_t kRows>
  [[gnu::always_inline]] void Store(const EightSums (&sums)[kRows],
                                    std::byte* const (&y)[kRows]) const;
  // Rows of the first four columns alone; kRows is 1 or a multiple of 4.
  template <size_t kRows>
  [[gnu::always_inline]] void Store(const FourSums (&sums)[kRows],
                                    std::byte* const (&y)[kRows]) const;

 private:
#ifdef __wasm_simd128__
  [[gnu::always_inline]] v128_t Steps(v128_t sums, v128_t factor) const {
    v128_t value = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sums), factor);
    if (!bounded_) value = wasm_f32x4_pmin(most_, wasm_f32x4_pmax(least_, value));
    return wasm_i32x4_sub(wasm_f32x4_add(value, wasm_f32x4_splat(kRounder)), offset_);
  }
  [[gnu::always_inline]] v128_t Halves(const EightSums& sums) const {
    return wasm_i16x8_narrow_i32x4(Steps(sums.low, low_), Steps(sums.high, high_));
  }
  // Steps are such that the results are signed; narrowing saturates, and what the clamp leaves of
  // the type's range is cut in bytes.
  [[gnu::always_inline]] v128_t Bytes(v128_t first, v128_t second) const {
    const v128_t bytes = wasm_i8x16_narrow_i16x8(first, second);
    return wasm_v128_xor(wasm_i8x16_min(wasm_i8x16_max(bytes, lowest_), highest_), sign_);
  }

  v128_t low_, high_;        // factors
  v128_t offset_;            // of the bits of a rounded value to its step
  v128_t least_, most_;      // float32
  v128_t lowest_, highest_;  // int8
  v128_t sign_;
  bool bounded_ = true;
#else
  std::byte Byte(int32_t sum, size_t c) const {
    return static_cast<std::byte>(
        RoundToRange(static_cast<float>(sum) * factor_[c], to_.zero_point, to_.range));
  }

  const float* factor_ = nullptr;
  Requantizer to_;
#endif
};

#ifdef __wasm_simd128__
inline EightRequantizer::EightRequantizer(const float* factor, const Requantizer& to)
    : low_(wasm_v128_load(factor)), high_(wasm_v128_load(factor + 4)), bounded_(to.bounded) {
  const int32_t shift = to.is_signed ? 0 : -128;
  offset_ = wasm_i32x4_splat(kRounderBits - (to.zero_point + shift));
  least_ = wasm_f32x4_splat(static_cast<float>(to.range.low - to.zero_point));
  most_ = wasm_f32x4_splat(static_cast<float>(to.range.high - to.zero_point));
  lowest_ = wasm_i8x16_splat(static_cast<int8_t>(to.range.low + shift));
  highest_ = wasm_i8x16_splat(static_cast<int8_t>(to.range.high + shift));
  sign_ = wasm_i8x16_splat(static_cast<int8_t>(shift));
}

template <size_t kRows>
inline void EightRequantizer::Store(const EightSums (&sums)[kRows],
                                    std::byte* const (&y)[kRows]) const {
#pragma unroll
  for (size_t r = 0; r + 1 < kRows; r += 2) {
    const v128_t bytes = Bytes(Halves(sums[r]), Halves(sums[r + 1]));
    wasm_v128_store64_lane(y[r], bytes, 0);
    wasm_v128_store64_lane(y[r + 1], bytes, 1);
  }
  if constexpr (kRows % 2 == 1) {
    const v128_t halves = Halves(sums[kRows - 1]);
    wasm_v128_store64_lane(y[kRows - 1], Bytes(halves, halves), 0);
  }
}

template <size_t kRows>
inline void EightRequantizer::Store(const FourSums (&sums)[kRows],
                                    std::byte* const (&y)[kRows]) const {
#pragma unroll
  for (size_t r = 0; r < kRows; r += 4) {
    v128_t steps[4];
#pragma unroll
    for (size_t i = 0; i < 4; ++i) steps[i] = Steps(sums[std::min(r + i, kRows - 1)].lanes, low_);
    const v128_t bytes = Bytes(wasm_i16x8_narrow_i32x4(steps[0], steps[1]),
                               wasm_i16x8_narrow_i32x4(steps[2], steps[3]));
    wasm_v128_store32_lane(y[r], bytes, 0);
    if constexpr (kRows > 1) {
      wasm_v128_store32_lane(y[r + 1], bytes, 1);
      wasm_v128_store32_lane(y[r + 2], bytes, 2);
      wasm_v128_store32_lane(y[r + 3], bytes, 3);
    }
  }
}
#else
inline EightRequantizer::EightRequantizer(const float* factor, const Requantizer& to)
    : factor_(factor), to_(to) {}

template <size_t kRows>
inline void EightRequantizer::Store(const EightSums (&sums)[kRows],
                                    std::byte* const (&y)[kRows]) const {
  for (size_t r = 0; r < kRows; ++r)
    for (size_t c = 0; c < EightSums::kCount; ++c) y[r][c] = Byte(sums[r].at[c], c);
}

template <size_t kRows>
inline void EightRequantizer::Store(const FourSums (&sums)[kRows],
                                    std::byte* const (&y)[kRows]) const {
  for (size_t r = 0; r < kRows; ++r)
    for (size_t c = 0; c < FourSums::kCount; ++c) y[r][c] = Byte(sums[r].lanes[c], c);
}
#endif

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
