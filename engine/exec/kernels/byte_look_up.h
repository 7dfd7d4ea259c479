// A table look-up for every byte. With relaxed SIMD the table is sixteen vectors: the low four bits
// of a byte look up a candidate in each, and the high four bits halve the candidates until one is
// left.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#ifdef __wasm_relaxed_simd__
#include <wasm_simd128.h>
#endif

namespace insitu::kernels {

using ByteResults = std::array<uint8_t, 256>;

#ifdef __wasm_relaxed_simd__
// What 2^kLevel vectors of the table hold for the bytes: index is their low bits, bits[i] tells for
// each byte whether bit 4 + i is set.
template <int kLevel>
[[gnu::always_inline]] inline v128_t LookUpLevel(const uint8_t* table, v128_t index,
                                                 const v128_t (&bits)[4]) {
  if constexpr (kLevel == 0) {
    return wasm_i8x16_relaxed_swizzle(wasm_v128_load(table), index);
  } else {
    constexpr size_t kHalf = sizeof(v128_t) << (kLevel - 1);
    const v128_t clear = LookUpLevel<kLevel - 1>(table, index, bits);
    const v128_t set = LookUpLevel<kLevel - 1>(table + kHalf, index, bits);
    return wasm_i8x16_relaxed_laneselect(set, clear, bits[kLevel - 1]);
  }
}

// Of as many as fill vectors; gives how many that is.
inline size_t LookUpVectors(const ByteResults& table, const uint8_t* x, size_t count, uint8_t* y) {
  const v128_t zero = wasm_i8x16_splat(0);
  size_t i = 0;
  for (; i + sizeof(v128_t) <= count; i += sizeof(v128_t)) {
    const v128_t bytes = wasm_v128_load(x + i);
    v128_t bits[4];
    for (uint32_t bit = 0; bit < 4; ++bit)
      bits[bit] = wasm_i8x16_lt(wasm_i16x8_shl(bytes, 3 - bit), zero);
    const v128_t index = wasm_v128_and(bytes, wasm_i8x16_splat(15));
    wasm_v128_store(y + i, LookUpLevel<4>(table.data(), index, bits));
  }
  return i;
}
#else
inline size_t LookUpVectors(const ByteResults&, const uint8_t*, size_t, uint8_t*) { return 0; }
#endif

// y[i] = table[x[i]]; y may be x.
inline void LookUp(const ByteResults& table, const uint8_t* x, size_t count, uint8_t* y) {
  for (size_t i = LookUpVectors(table, x, count, y); i < count; ++i) y[i] = table[x[i]];
}

}  // namespace insitu::kernels
