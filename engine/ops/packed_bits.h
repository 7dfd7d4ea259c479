// Unsigned numbers of 2, 4 or 8 bits packed into bytes, the first in the lowest bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace insitu {

inline bool IsPackedWidth(int64_t bits) { return bits == 2 || bits == 4 || bits == 8; }

// Bytes of a row of `count` numbers.
inline int64_t PackedBytes(int64_t count, int64_t bits) { return (count * bits + 7) / 8; }

// The number at `index` of the row that starts at `row`.
inline int32_t ReadPacked(const std::byte* row, int64_t index, int64_t bits) {
  const int64_t bit = index * bits;
  return std::to_integer<int32_t>(row[bit / 8]) >> (bit % 8) & ((1 << bits) - 1);
}

// Sets a number that is still 0.
inline void WritePacked(std::byte* row, int64_t index, int64_t bits, int32_t value) {
  const int64_t bit = index * bits;
  row[bit / 8] |= static_cast<std::byte>(value << (bit % 8));
}

}  // namespace insitu
