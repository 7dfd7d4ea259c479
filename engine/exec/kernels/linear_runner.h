// LinearRunner: the rows of a convolution or linear layer through IntegerProducts, on all threads.
// A tile of rows at a time is converted into memory of the thread that the cache holds, unless the
// rows serve as they lie.
#pragma once

#include <utility>

#include "exec/kernels/integer_products.h"
#include "exec/thread_pool.h"

namespace insitu::kernels {

class LinearRunner {
 public:
  LinearRunner(std::unique_ptr<IntegerProducts> products, size_t groups, const ThreadPool& pool)
      : products_(std::move(products)), groups_(groups), pool_(pool) {}

  const IntegerProducts& products() const { return *products_; }
  PackedWeights* packed() { return &products_->packed(); }

  // Prepares for so many rows; `in_place` where they serve as they lie. Gives bytes of scratch.
  uint64_t Reshape(size_t rows, bool in_place);

  // convert(first, count, group, to) writes `count` rows of IntegerProducts::row_bytes(). `data` is
  // where rows lie that serve in place. y is [rows, columns].
  template <class ConvertRows>
  void Run(const Quantization& x, const std::byte* data, std::byte* y, std::byte* scratch,
           const ConvertRows& convert) const {
    auto* starts = Cast<int32_t>(scratch);
    products_->Starts(x.zero_point, starts);
    const size_t y_step = products_->columns() * products_->result_bytes();
    const auto task = [&](size_t index, size_t thread) {
      const size_t chunk = index % chunks_, group = index / chunks_ % groups_;
      const size_t first = index / chunks_ / groups_ * tile_rows_;
      Rows rows{data + first * products_->depth(), products_->depth(),
                std::min(tile_rows_, rows_ - first)};
      if (!in_place_) {
        std::byte* tile = scratch + tiles_offset_ + thread * TileBytes();
        rows.data = tile;
        rows.step = products_->row_bytes();
        convert(first, rows.count, group, tile);
      }
      const size_t blocks = products_->blocks_of_group();
      products_->Run(rows, {.group = group,
                            .first_block = blocks * chunk / chunks_,
                            .last_block = blocks * (chunk + 1) / chunks_,
                            .starts = starts,
                            .scale_x = x.scale,
                            .y = y + first * y_step +
                                 group * products_->columns_of_group() * products_->result_bytes(),
                            .y_step = y_step});
    };
    pool_.ForEach(tasks_, Work(), task);
  }

 private:
  size_t TileBytes() const {
    return AlignUp(tile_rows_ * products_->row_bytes() + IntegerProducts::kOverrun);
  }
  uint64_t Work() const { return uint64_t{rows_} * products_->columns() * products_->depth(); }

  std::unique_ptr<IntegerProducts> products_;
  size_t groups_;
  const ThreadPool& pool_;
  bool in_place_ = false;
  size_t rows_ = 0, tile_rows_ = 4, chunks_ = 1, tasks_ = 0, tiles_offset_ = 0;
};

}  // namespace insitu::kernels
