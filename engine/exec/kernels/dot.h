// Sums of products of 16-bit integers.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

namespace insitu::kernels {

#ifdef __wasm_simd128__
inline int32_t SumOfLanes(v128_t lanes) {
  lanes = wasm_i32x4_add(lanes, wasm_i64x2_shuffle(lanes, lanes, 1, 0));
  lanes = wasm_i32x4_add(lanes, wasm_i32x4_shuffle(lanes, lanes, 1, 0, 3, 2));
  return wasm_i32x4_extract_lane(lanes, 0);
}
#endif

struct TwoSums {
  int32_t first = 0, second = 0;
};

// Of a and of b with one and the same w, exact: the caller keeps |sum| below 2^31. `count` is a
// multiple of 8.
inline TwoSums DotTwo(const int16_t* a, const int16_t* b, const int16_t* w, size_t count) {
#ifdef __wasm_simd128__
  v128_t first = wasm_i32x4_splat(0), second = first;
  for (size_t i = 0; i < count; i += 8) {
    const v128_t weights = wasm_v128_load(w + i);
    first = wasm_i32x4_add(first, wasm_i32x4_dot_i16x8(wasm_v128_load(a + i), weights));
    second = wasm_i32x4_add(second, wasm_i32x4_dot_i16x8(wasm_v128_load(b + i), weights));
  }
  return {SumOfLanes(first), SumOfLanes(second)};
#else
  TwoSums sums;
  for (size_t i = 0; i < count; ++i) {
    sums.first += static_cast<int32_t>(a[i]) * w[i];
    sums.second += static_cast<int32_t>(b[i]) * w[i];
  }
  return sums;
#endif
}

// Products of kRows rows of `a`, `step` apart, with two rows of weights: sums[2 * row + column],
// wrapping. `depth` is a multiple of 8.
template <int kRows>
inline void DotTile(const int16_t* a, size_t step, const int16_t* w0, const int16_t* w1,
                    size_t depth, int32_t* sums) {
#ifdef __wasm_simd128__
  v128_t lanes[2 * kRows];
  for (v128_t& lane : lanes) lane = wasm_i32x4_splat(0);
  for (size_t i = 0; i < depth; i += 8) {
    const v128_t first = wasm_v128_load(w0 + i), second = wasm_v128_load(w1 + i);
    for (int r = 0; r < kRows; ++r) {
      const v128_t row = wasm_v128_load(a + static_cast<size_t>(r) * step + i);
      lanes[2 * r] = wasm_i32x4_add(lanes[2 * r], wasm_i32x4_dot_i16x8(row, first));
      lanes[2 * r + 1] = wasm_i32x4_add(lanes[2 * r + 1], wasm_i32x4_dot_i16x8(row, second));
    }
  }
  for (int i = 0; i < 2 * kRows; ++i) sums[i] = SumOfLanes(lanes[i]);
#else
  for (int r = 0; r < kRows; ++r) {
    const int16_t* row = a + static_cast<size_t>(r) * step;
    uint32_t first = 0, second = 0;
    for (size_t i = 0; i < depth; ++i) {
      first += static_cast<uint32_t>(static_cast<int32_t>(row[i]) * w0[i]);
      second += static_cast<uint32_t>(static_cast<int32_t>(row[i]) * w1[i]);
    }
    sums[2 * r] = static_cast<int32_t>(first);
    sums[2 * r + 1] = static_cast<int32_t>(second);
  }
#endif
}

}  // namespace insitu::kernels
