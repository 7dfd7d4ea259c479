// EightReals: eight quantized bytes as the real numbers they stand for, float32(q - zero_point) *
// scale. Only where there is SIMD.
#pragma once

#ifdef __wasm_simd128__
#include <wasm_simd128.h>

#include <cstddef>
#include <type_traits>

#include "ops/requantize.h"

namespace insitu::kernels {

struct EightReals {
  static constexpr size_t kCount = 8;

  v128_t low, high;

  // T is int8_t or uint8_t.
  template <class T>
  static EightReals Load(const T* from, const Quantization& q) {
    const v128_t bytes = std::is_signed_v<T> ? wasm_i16x8_load8x8(from) : wasm_u16x8_load8x8(from);
    const v128_t steps =
        wasm_i16x8_sub(bytes, wasm_i16x8_splat(static_cast<int16_t>(q.zero_point)));
    const v128_t scale = wasm_f32x4_splat(q.scale);
    return {Times(wasm_i32x4_extend_low_i16x8(steps), scale),
            Times(wasm_i32x4_extend_high_i16x8(steps), scale)};
  }

  // Eight times the same.
  template <class T>
  static EightReals Splat(const T* from, const Quantization& q) {
    const v128_t value = Times(wasm_i32x4_splat(*from - q.zero_point), wasm_f32x4_splat(q.scale));
    return {value, value};
  }

 private:
  static v128_t Times(v128_t steps, v128_t scale) {
    return wasm_f32x4_mul(wasm_f32x4_convert_i32x4(steps), scale);
  }
};

}  // namespace insitu::kernels
#endif
