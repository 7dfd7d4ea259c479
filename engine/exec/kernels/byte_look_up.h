// A table look-up for every byte. With relaxed SIMD the table is up to sixteen vectors: the low
// four bits of a byte look up a candidate in each, and the high four bits halve the candidates
// until one is left.
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

// Of as many as fill vectors; gives how many that is. The table has 16 << kLevel entries, and
// `to_index` makes sixteen places in it of sixteen bytes.
template <int kLevel, class ToIndex>
size_t LookUpVectors(const ByteResults& table, const uint8_t* x, size_t count, uint8_t* y,
                     const ToIndex& to_index) {
  const v128_t zero = wasm_i8x16_splat(0);
  size_t i = 0;
  for (; i + sizeof(v128_t) <= count; i += sizeof(v128_t)) {
    const v128_t bytes = to_index(wasm_v128_load(x + i));
    v128_t bits[4];
    for (uint32_t bit = 0; bit < kLevel; ++bit)
      bits[bit] = wasm_i8x16_lt(wasm_i16x8_shl(bytes, 3 - bit), zero);
    const v128_t index = wasm_v128_and(bytes, wasm_i8x16_splat(15));
    wasm_v128_store(y + i, LookUpLevel<kLevel>(table.data(), index, bits));
  }
  return i;
}
#endif

// y[i] = table[x[i]]; y may be x.
inline void LookUp(const ByteResults& table, const uint8_t* x, size_t count, uint8_t* y) {
  size_t i = 0;
#ifdef __wasm_relaxed_simd__
  i = LookUpVectors<4>(table, x, count, y, [](v128_t bytes) { return bytes; });
#endif
  for (; i < count; ++i) y[i] = table[x[i]];
}

// y[i] = table[from - x[i]], differences modulo 256; all entries from `used` on are the same.
inline void LookUpDistances(const ByteResults& table, [[maybe_unused]] size_t used, uint8_t from,
                            const uint8_t* x, size_t count, uint8_t* y) {
  size_t i = 0;
#ifdef __wasm_relaxed_simd__
  constexpr size_t kFew = 64;
  const v128_t origin = wasm_u8x16_splat(from);
  const auto distance = [&](v128_t bytes) { return wasm_i8x16_sub(origin, bytes); };
  if (used < kFew) {
    const v128_t last = wasm_u8x16_splat(kFew - 1);
    i = LookUpVectors<2>(table, x, count, y,
                         [&](v128_t bytes) { return wasm_u8x16_min(distance(bytes), last); });
  } else {
    i = LookUpVectors<4>(table, x, count, y, distance);
  }
#endif
  for (; i < count; ++i) y[i] = table[static_cast<uint8_t>(from - x[i])];
}

}  // namespace insitu::kernels
