// Sums of products of int16 rows with a block of eight columns. Columns lie in groups of two
// places, for each those of columns 0 to 3, then of columns 4 to 7, two numbers a column; as bytes
// they are widened when they are loaded.
#pragma once

#include <algorithm>

#include "exec/kernels/eight_sums.h"
#include "exec/kernels/kernels.h"
#include "ops/requantize.h"

namespace insitu::kernels {

inline constexpr size_t kWideGroup = 2;

// Where number `k` of a column is in its block.
inline size_t WidePlace(size_t k, size_t column) {
  return k / kWideGroup * kWideGroup * 8 + column * kWideGroup + k % kWideGroup;
}

#ifdef __wasm_simd128__
inline v128_t LoadEight(const int8_t* weights) { return wasm_i16x8_load8x8(weights); }
inline v128_t LoadEight(const int16_t* weights) { return wasm_v128_load(weights); }

#endif

// sums[row] = starts + sum of row * column, wrapping; `groups` of two places each.
template <size_t kRows, class W>
void WideTile(const std::byte* const (&rows)[kRows], const W* weights, size_t groups,
              const int32_t* starts, EightSums (&sums)[kRows]) {
  constexpr size_t kOfGroup = kWideGroup * EightSums::kCount;
  for (EightSums& eight : sums) eight.Load(starts);
#ifdef __wasm_simd128__
  for (size_t g = 0; g < groups; ++g, weights += kOfGroup) {
    const v128_t w0 = LoadEight(weights), w1 = LoadEight(weights + kOfGroup / 2);
    for (size_t r = 0; r < kRows; ++r) {
      const v128_t data = wasm_v128_load32_splat(rows[r] + g * kWideGroup * sizeof(int16_t));
      sums[r].low = wasm_i32x4_add(sums[r].low, wasm_i32x4_dot_i16x8(data, w0));
      sums[r].high = wasm_i32x4_add(sums[r].high, wasm_i32x4_dot_i16x8(data, w1));
    }
  }
#else
  for (size_t r = 0; r < kRows; ++r) {
    const auto* x = Cast<int16_t>(rows[r]);
    for (size_t i = 0; i < groups * kOfGroup; ++i) {
      int32_t& sum = sums[r].at[i % kOfGroup / kWideGroup];
      const size_t place = i / kOfGroup * kWideGroup + i % kWideGroup;
      sum = WrappingAdd(sum, static_cast<int32_t>(x[place]) * weights[i]);
    }
  }
#endif
}

}  // namespace insitu::kernels
