// How rows are cut into tiles and columns into chunks.
#include "exec/kernels/linear_runner.h"

#include "base/checked.h"

namespace insitu::kernels {
namespace {

constexpr size_t kTileBytes = 32 * 1024, kMostRows = 64, kLeastRows = 4;

}  // namespace

uint64_t LinearRunner::Reshape(size_t rows, bool in_place) {
  rows_ = rows;
  in_place_ = in_place;
  const size_t row_bytes = products_->row_bytes();
  tile_rows_ = std::clamp(kTileBytes / row_bytes / kLeastRows * kLeastRows, kLeastRows, kMostRows);
  chunks_ = 1;
  const size_t threads = pool_.IsSmall(Work()) ? 1 : pool_.threads();
  if (threads > 1) {
    // Two tasks for each thread at least: of rows if there are enough, else also of columns.
    const size_t wanted = 2 * threads, even = (rows + wanted - 1) / wanted;
    tile_rows_ = std::clamp(even / kLeastRows * kLeastRows, kLeastRows, tile_rows_);
    const size_t tasks = (rows + tile_rows_ - 1) / tile_rows_ * groups_;
    if (tasks < wanted && tasks > 0)
      chunks_ = std::min((wanted + tasks - 1) / tasks, products_->blocks_of_group());
  }
  tasks_ = (rows + tile_rows_ - 1) / tile_rows_ * groups_ * chunks_;
  tiles_offset_ = AlignUp(products_->starts() * sizeof(int32_t));
  return tiles_offset_ + (in_place ? 0 : SizeProduct({threads, TileBytes()}));
}

}  // namespace insitu::kernels
