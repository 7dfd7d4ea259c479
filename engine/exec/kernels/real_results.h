// RealResults: eight int32 sums a row as float32, y = clamp(float32(acc) * factor[c] + bias[c]),
// rounded at each step. What it needs is held in vectors where there is SIMD, for the rows of a
// block of columns.
#pragma once

#include <algorithm>
#include <cstddef>

#include "exec/kernels/eight_sums.h"
#include "ops/lowering.h"

namespace insitu::kernels {

class RealResults {
 public:
  RealResults() = default;
  // factor[c] = scale_x * scale_w[c]. A bias may be nullptr. Eight of each are read.
  RealResults(const float* scale_w, const float* bias, float scale_x, const Clamp& clamp);

  template <size_t kRows>
  [[gnu::always_inline]] void Store(const EightSums (&sums)[kRows],
                                    float* const (&y)[kRows]) const {
    for (size_t r = 0; r < kRows; ++r) {
#ifdef __wasm_simd128__
      wasm_v128_store(y[r], Real(sums[r].low, low_, low_bias_));
      wasm_v128_store(y[r] + 4, Real(sums[r].high, high_, high_bias_));
#else
      for (size_t c = 0; c < EightSums::kCount; ++c) {
        const float product = static_cast<float>(sums[r].at[c]) * factor_[c];
        y[r][c] = std::min(std::max(product + bias_[c], clamp_.min), clamp_.max);
      }
#endif
    }
  }

 private:
#ifdef __wasm_simd128__
  // Clamps as std::min and std::max do, which leave what is not a number.
  [[gnu::always_inline]] v128_t Real(v128_t sums, v128_t factor, v128_t bias) const {
    const v128_t product = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sums), factor);
    return wasm_f32x4_pmin(wasm_f32x4_pmax(wasm_f32x4_add(product, bias), least_), most_);
  }

  v128_t low_, high_, low_bias_, high_bias_, least_, most_;
#else
  float factor_[EightSums::kCount], bias_[EightSums::kCount];
  Clamp clamp_;
#endif
};

inline RealResults::RealResults(const float* scale_w, const float* bias, float scale_x,
                                const Clamp& clamp) {
  constexpr float kNothing = -0.0f;  // added to any number, zeros of either sign too, it is that
#ifdef __wasm_simd128__
  const v128_t scale = wasm_f32x4_splat(scale_x), nothing = wasm_f32x4_splat(kNothing);
  low_ = wasm_f32x4_mul(scale, wasm_v128_load(scale_w));
  high_ = wasm_f32x4_mul(scale, wasm_v128_load(scale_w + 4));
  low_bias_ = bias ? wasm_v128_load(bias) : nothing;
  high_bias_ = bias ? wasm_v128_load(bias + 4) : nothing;
  least_ = wasm_f32x4_splat(clamp.min);
  most_ = wasm_f32x4_splat(clamp.max);
#else
  for (size_t c = 0; c < EightSums::kCount; ++c) {
    factor_[c] = scale_x * scale_w[c];
    bias_[c] = bias ? bias[c] : kNothing;
  }
  clamp_ = clamp;
#endif
}

}  // namespace insitu::kernels
