// The loops of IntegerProducts::Run: blocks of columns outside, so that the weights of a block stay
// in the cache for all rows, and tiles of four rows inside; rows that are left are tiles of their
// own.
#pragma once

#include "exec/kernels/integer_products.h"

namespace insitu::kernels {

// Of a block of columns: its place among all, the columns it has, and, if these are eight, what
// they become in 8 bits or as real numbers.
struct BlockOfResults {
  const LinearResults& results;
  size_t of_all, count;
  float scale_x;
  bool whole_bytes, whole_reals;
  EightRequantizer requantizer;
  RealResults reals;

  BlockOfResults(const LinearResults& from, size_t block, size_t columns, float scale)
      : results(from),
        of_all(block),
        count(columns),
        scale_x(scale),
        whole_bytes(from.gives_bytes() && columns == EightSums::kCount),
        whole_reals(from.gives_reals() && columns == EightSums::kCount) {
    if (whole_bytes) requantizer = from.requantizer(block);
    if (whole_reals) reals = from.reals(block, scale_x);
  }

  template <size_t kRows>
  [[gnu::always_inline]] void Store(const EightSums (&sums)[kRows],
                                    std::byte* const (&y)[kRows]) const {
    if (whole_bytes) {
      requantizer.Store(sums, y);
      return;
    }
    if (whole_reals) {
      float* real[kRows];
      for (size_t r = 0; r < kRows; ++r) real[r] = Cast<float>(y[r]);
      reals.Store(sums, real);
      return;
    }
    for (size_t r = 0; r < kRows; ++r) results.Store(sums[r], of_all, count, scale_x, y[r]);
  }
};

// compute(pointers to the rows of the tile, block, starts of the block, sums of each row).
template <size_t kRows, class Compute>
[[gnu::always_inline]] inline void RunTile(const Rows& rows, size_t row, const ProductRange& range,
                                           const BlockOfResults& block, std::byte* to,
                                           const Compute& compute) {
  const std::byte* tile[kRows];
  std::byte* y[kRows];
  for (size_t r = 0; r < kRows; ++r) {
    tile[r] = rows.data + row * rows.step + r * rows.step;
    y[r] = to + row * range.y_step + r * range.y_step;
  }
  EightSums sums[kRows];
  compute(tile, block.of_all, range.starts + block.of_all * EightSums::kCount, sums);
  block.Store(sums, y);
}

// `blocks` are those of a group, columns_of(block) the columns it has.
template <class Compute, class ColumnsOf>
void RunTiles(const Rows& rows, const ProductRange& range, size_t blocks, const Compute& compute,
              const ColumnsOf& columns_of, const LinearResults& results) {
  constexpr size_t kRows = 4;
  for (size_t at = range.first_block; at < range.last_block; ++at) {
    const BlockOfResults block(results, range.group * blocks + at, columns_of(at), range.scale_x);
    std::byte* y = range.y + at * EightSums::kCount * results.element_bytes();
    size_t row = 0;
    for (; row + kRows <= rows.count; row += kRows)
      RunTile<kRows>(rows, row, range, block, y, compute);
    for (; row < rows.count; ++row) RunTile<1>(rows, row, range, block, y, compute);
  }
}

}  // namespace insitu::kernels
