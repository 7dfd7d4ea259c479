// The loops of IntegerProducts::Run: blocks of columns outside, so that the weights of a block stay
// in the cache for all rows, and tiles of four rows inside; a last single row is a tile of its own.
#pragma once

#include "exec/kernels/integer_products.h"

namespace insitu::kernels {

// compute(pointers to the rows of the tile, block, starts of the block, sums of each row).
template <size_t kRows, class Compute>
void RunTile(const Rows& rows, size_t row, const ProductRange& range, size_t block, size_t of_all,
             size_t count, const LinearResults& results, const Compute& compute) {
  const size_t real = std::min(kRows, rows.count - row);
  // Rows that are not there are the last one once more.
  const std::byte* tile[kRows];
  for (size_t r = 0; r < kRows; ++r)
    tile[r] = rows.data + (row + std::min(r, real - 1)) * rows.step;
  EightSums sums[kRows];
  compute(tile, of_all, range.starts + of_all * EightSums::kCount, sums);
  std::byte* y = range.y + row * range.y_step + block * EightSums::kCount * results.element_bytes();
  for (size_t r = 0; r < kRows; ++r)
    if (r < real) results.Store(sums[r], of_all, count, range.scale_x, y + r * range.y_step);
}

// `blocks` are those of a group, columns_of(block) the columns it has.
template <class Compute, class ColumnsOf>
void RunTiles(const Rows& rows, const ProductRange& range, size_t blocks, const Compute& compute,
              const ColumnsOf& columns_of, const LinearResults& results) {
  constexpr size_t kRows = 4;
  for (size_t block = range.first_block; block < range.last_block; ++block) {
    const size_t of_all = range.group * blocks + block, count = columns_of(block);
    size_t row = 0;
    for (; row + 1 < rows.count; row += kRows)
      RunTile<kRows>(rows, row, range, block, of_all, count, results, compute);
    if (row < rows.count) RunTile<1>(rows, row, range, block, of_all, count, results, compute);
  }
}

}  // namespace insitu::kernels
