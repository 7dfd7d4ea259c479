// EightSums and FourSums: int32 sums, in vectors where there is SIMD.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

namespace insitu::kernels {

struct EightSums {
  static constexpr size_t kCount = 8;

#ifdef __wasm_simd128__
  v128_t low, high;

  void Load(const int32_t* from) {
    low = wasm_v128_load(from);
    high = wasm_v128_load(from + 4);
  }
  void Store(int32_t* to) const {
    wasm_v128_store(to, low);
    wasm_v128_store(to + 4, high);
  }
#else
  int32_t at[kCount];

  void Load(const int32_t* from) { std::copy_n(from, kCount, at); }
  void Store(int32_t* to) const { std::copy_n(at, kCount, to); }
#endif
};

struct FourSums {
  static constexpr size_t kCount = 4;

#ifdef __wasm_simd128__
  v128_t lanes;

  void Load(const int32_t* from) { lanes = wasm_v128_load(from); }
#else
  int32_t lanes[kCount];

  void Load(const int32_t* from) { std::copy_n(from, kCount, lanes); }
#endif
};

}  // namespace insitu::kernels
