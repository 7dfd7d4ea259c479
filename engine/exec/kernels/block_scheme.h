// What the two ways of multiplying by weights in blocks share. Weights of 2, 4 or 8 bits lie in
// words, low bits first, a column's words of a block one behind the other; the words of sixteen
// columns lie side by side, and so do their scales and zero points.
// A scheme says how a row of x is prepared and how a tile of rows and columns is summed:
//   y[n] = bias[n] + sum over blocks of scale[n, b] * sum over k of x[k] * (q[n, k] - zero[n, b])
// It is a table of functions, so that all else of the kernel is there once.
#pragma once

#include <cstddef>
#include <cstdint>

#include "exec/kernels/four_floats.h"
#include "exec/kernels/kernels.h"

namespace insitu::kernels {

inline constexpr size_t kBlockVectors = 4;  // of a group of columns
inline constexpr size_t kBlockColumns = kBlockVectors * FourFloats::kCount;
inline constexpr size_t kBlockWordBits = 32;

// How many blocks a row has, and how many words a column has in each.
struct BlockCounts {
  size_t blocks = 0, words = 0;
};

// Columns of a group: words of weights [blocks][words][16], scales and zero points [blocks][16].
struct BlockGroup {
  const uint32_t* words = nullptr;
  const float *scales = nullptr, *zeros = nullptr;
};

// Rows of x as the scheme prepared them.
struct BlockRows {
  const std::byte* first = nullptr;
  size_t step = 0;  // bytes

  const std::byte* operator[](size_t row) const { return first + row * step; }
};

// Sums of kRows rows with kWide vectors of columns of a group.
template <size_t kRows, size_t kWide>
using BlockTotals = FourFloats[kRows][kWide];

inline constexpr size_t kBlockTileRows = 4;  // with half of a group's columns; one row with all

struct BlockScheme {
  size_t (*row_bytes)(BlockCounts counts);
  // `elements`: as many as all blocks have weights.
  void (*prepare)(const float* elements, BlockCounts counts, std::byte* row);
  bool (*is_finite)(const std::byte* row, BlockCounts counts);
  // Add what rows and columns give to `totals`.
  void (*add_row)(BlockRows rows, const BlockGroup& group, BlockCounts counts,
                  BlockTotals<1, kBlockVectors>& totals);
  void (*add_rows)(BlockRows rows, const BlockGroup& group, BlockCounts counts,
                   BlockTotals<kBlockTileRows, kBlockVectors / 2>& totals);
};

template <class T>
constexpr BlockScheme BlockSchemeOf() {
  return {T::RowBytes, T::Prepare, T::IsFinite, T::template AddTile<1, kBlockVectors>,
          T::template AddTile<kBlockTileRows, kBlockVectors / 2>};
}

}  // namespace insitu::kernels
