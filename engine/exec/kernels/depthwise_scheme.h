// How depthwise convolutions multiply, sixteen channels at a time. Input rows are interleaved
// first, so that neighbouring numbers of a channel belong to neighbouring rows and one instruction
// multiplies and adds several taps: a group is two rows as int16 (wide), or four rows as bytes
// (quad), where the processor adds four products without saturation. A column of a group has 64
// bytes either way, the weights that meet it too.
#pragma once

#include <algorithm>
#include <type_traits>

#include "exec/kernels/byte_dot.h"
#include "exec/kernels/eight_sums.h"
#include "exec/kernels/kernels.h"
#include "ops/requantize.h"

namespace insitu::kernels {

inline constexpr size_t kDepthwiseChannels = 16, kDepthwiseColumnBytes = 64;

// X is the type of the data.
template <class X>
struct WideScheme {
  static constexpr size_t kRows = 2;  // of a group
  using Weight = int16_t;
  using Data = int16_t;

  // What the zero point of the data is after interleaving.
  static int32_t ZeroPoint(int32_t zero_point) { return zero_point; }

  // rows[i] are the sixteen channels of row i of the group.
  static void Interleave(const std::byte* const* rows, std::byte* to) {
#ifdef __wasm_simd128__
    const v128_t a = wasm_v128_load(rows[0]), b = wasm_v128_load(rows[1]);
    const v128_t low =
        wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const v128_t high =
        wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    wasm_v128_store(to, ExtendLow(low));
    wasm_v128_store(to + 16, ExtendHigh(low));
    wasm_v128_store(to + 32, ExtendLow(high));
    wasm_v128_store(to + 48, ExtendHigh(high));
#else
    for (size_t i = 0; i < kDepthwiseChannels * kRows; ++i)
      Cast<Data>(to)[i] = static_cast<Data>(Cast<X>(rows[i % kRows])[i / kRows]);
#endif
  }

#ifdef __wasm_simd128__
  static v128_t ExtendLow(v128_t bytes) {
    if constexpr (std::is_signed_v<X>) return wasm_i16x8_extend_low_i8x16(bytes);
    return wasm_u16x8_extend_low_u8x16(bytes);
  }
  static v128_t ExtendHigh(v128_t bytes) {
    if constexpr (std::is_signed_v<X>) return wasm_i16x8_extend_high_i8x16(bytes);
    return wasm_u16x8_extend_high_u8x16(bytes);
  }
  static v128_t Add(v128_t sums, v128_t weights, v128_t data) {
    return wasm_i32x4_add(sums, wasm_i32x4_dot_i16x8(data, weights));
  }
#endif
};

template <class X>
struct QuadScheme {
  static constexpr size_t kRows = 4;
  using Weight = int8_t;
  using Data = uint8_t;

  static int32_t ZeroPoint(int32_t zero_point) {
    const int32_t lowest = std::is_signed_v<X> ? -128 : 0;
    return zero_point - lowest + (QuadDot().unsigned_data ? 0 : -128);
  }
  static std::byte Flip() {
    return std::byte(std::is_signed_v<X> == QuadDot().unsigned_data ? 0x80 : 0);
  }

  static void Interleave(const std::byte* const* rows, std::byte* to) {
#ifdef __wasm_simd128__
    const v128_t flip = wasm_i8x16_splat(static_cast<int8_t>(Flip()));
    v128_t r[kRows], low[2], high[2];
    for (size_t i = 0; i < kRows; ++i) r[i] = wasm_v128_xor(wasm_v128_load(rows[i]), flip);
    for (size_t i = 0; i < 2; ++i) {
      const v128_t a = r[2 * i], b = r[2 * i + 1];
      low[i] = wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      high[i] =
          wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    wasm_v128_store(to, wasm_i16x8_shuffle(low[0], low[1], 0, 8, 1, 9, 2, 10, 3, 11));
    wasm_v128_store(to + 16, wasm_i16x8_shuffle(low[0], low[1], 4, 12, 5, 13, 6, 14, 7, 15));
    wasm_v128_store(to + 32, wasm_i16x8_shuffle(high[0], high[1], 0, 8, 1, 9, 2, 10, 3, 11));
    wasm_v128_store(to + 48, wasm_i16x8_shuffle(high[0], high[1], 4, 12, 5, 13, 6, 14, 7, 15));
#else
    for (size_t i = 0; i < kDepthwiseChannels * kRows; ++i)
      to[i] = rows[i % kRows][i / kRows] ^ Flip();
#endif
  }

#ifdef __wasm_relaxed_simd__
  static v128_t Add(v128_t sums, v128_t weights, v128_t data) {
    return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(weights, data, sums);
  }
#elif defined(__wasm_simd128__)
  static v128_t Add(v128_t sums, v128_t, v128_t) { return sums; }
#endif
};

// The windows of neighbouring outputs, of one output row or of two.
struct DepthwiseWindows {
  const std::byte* data = nullptr;     // the first column of the first window
  const std::byte* weights = nullptr;  // [groups][taps][output rows][64 bytes]
  size_t weight_bytes = 0;             // bytes between the weights of two taps
  size_t groups = 0, group_bytes = 0;  // bytes between groups of data
  size_t taps = 0, tap_bytes = 0;      // along a row; bytes between their columns
  size_t output_bytes = 0;             // bytes between the first columns of two windows
};

// The sums of neighbouring outputs, output row by output row, of four of the sixteen channels.
// Inlined where they are used, or the sums would be kept in memory.
template <size_t kLines, size_t kOutputs>
using DepthwiseSums = FourSums[kLines * kOutputs];

// Adds what one tap contributes: weights of each output row, a column of data of each output.
template <class Scheme, size_t kLines, size_t kOutputs>
[[gnu::always_inline]] inline void AddTap(size_t output_bytes, const std::byte* weights,
                                          const std::byte* data,
                                          DepthwiseSums<kLines, kOutputs>& sums) {
#ifdef __wasm_simd128__
  v128_t w[kLines];
#pragma unroll
  for (size_t i = 0; i < kLines; ++i) w[i] = wasm_v128_load(weights + i * kDepthwiseColumnBytes);
#pragma unroll
  for (size_t j = 0; j < kOutputs; ++j) {
    const v128_t column = wasm_v128_load(data + j * output_bytes);
#pragma unroll
    for (size_t i = 0; i < kLines; ++i) {
      v128_t& sum = sums[i * kOutputs + j].lanes;
      sum = Scheme::Add(sum, w[i], column);
    }
  }
#else
  for (size_t j = 0; j < kOutputs; ++j)
    for (size_t i = 0; i < kLines; ++i) {
      const auto* x = Cast<typename Scheme::Data>(data + j * output_bytes);
      const auto* w = Cast<typename Scheme::Weight>(weights + i * kDepthwiseColumnBytes);
      for (size_t n = 0; n < FourSums::kCount * Scheme::kRows; ++n) {
        int32_t& sum = sums[i * kOutputs + j].lanes[n / Scheme::kRows];
        sum = WrappingAdd(sum, static_cast<int32_t>(x[n]) * w[n]);
      }
    }
#endif
}

// The sums beginning with `starts`; windows.data and .weights are those of the four channels.
template <class Scheme, size_t kStride, size_t kLines, size_t kOutputs>
[[gnu::always_inline]] inline void SumWindows(const DepthwiseWindows& windows,
                                              const int32_t* starts,
                                              DepthwiseSums<kLines, kOutputs>& sums) {
#pragma unroll
  for (FourSums& four : sums) four.Load(starts);
  const std::byte* weights = windows.weights;
  const std::byte* group = windows.data;
  for (size_t g = 0; g < windows.groups; ++g, group += windows.group_bytes) {
    const std::byte* data = group;
    if constexpr (kStride > 0) {
#pragma unroll
      for (size_t t = 0; t < 3; ++t)
        AddTap<Scheme, kLines, kOutputs>(kStride * kDepthwiseColumnBytes,
                                         weights + t * kLines * kDepthwiseColumnBytes,
                                         data + t * kDepthwiseColumnBytes, sums);
      weights += 3 * kLines * kDepthwiseColumnBytes;
      continue;
    }
#pragma nounroll
    for (size_t t = 0; t < windows.taps; ++t) {
      AddTap<Scheme, kLines, kOutputs>(windows.output_bytes, weights, data, sums);
      weights += windows.weight_bytes;
      data += windows.tap_bytes;
    }
  }
}

}  // namespace insitu::kernels
