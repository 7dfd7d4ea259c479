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

}  // namespace insitu::kernels
