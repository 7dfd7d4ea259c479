// Every block is fitted with the zero point fixed and then free, and both are written; the better
// one is given.
#include "quantize/block_codes.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "ops/packed_bits.h"
#include "quantize/block_search.h"

namespace insitu {
namespace {

Result<Tensor> Zeroed(DType dtype, Dims dims) {
  INSITU_ASSIGN(Tensor tensor, Tensor::Allocate(dtype, std::move(dims)));
  std::fill_n(tensor.data(), tensor.size_bytes(), std::byte{0});
  return tensor;
}

struct Shape2 {
  int64_t depth, columns, block, blocks;
};

Result<BlockCodes> Empty(const Shape2& shape, int bits, bool with_zeros) {
  BlockCodes made;
  INSITU_ASSIGN(made.codes, Zeroed(DType::kUint8,
                                   {shape.columns, shape.blocks, PackedBytes(shape.block, bits)}));
  INSITU_ASSIGN(made.scales, Zeroed(DType::kFloat32, {shape.columns, shape.blocks}));
  if (with_zeros) {
    INSITU_ASSIGN(made.zero_points,
                  Zeroed(DType::kUint8, {shape.columns, PackedBytes(shape.blocks, bits)}));
  }
  return made;
}

void Write(const BlockSearch& search, std::span<const float> weights, const Shape2& shape, int bits,
           int64_t column, int64_t block, BlockCodes& to) {
  const BlockFit& fit = search.best();
  const int64_t at = column * shape.blocks + block;
  std::byte* row = to.codes.data() + at * PackedBytes(shape.block, bits);
  const auto count = static_cast<int64_t>(weights.size());
  for (int64_t i = 0; i < count; ++i) {
    const int code = search.codes()[static_cast<size_t>(i)];
    WritePacked(row, i, bits, code);
    const double off = weights[static_cast<size_t>(i)] - double{fit.scale} * (code - fit.zero);
    to.squared_error += off * off;
  }
  // Behind K the weights are zero.
  for (int64_t i = count; i < shape.block; ++i) WritePacked(row, i, bits, fit.zero);
  to.scales.As<float>()[static_cast<size_t>(at)] = fit.scale;
  if (!to.zero_points.empty())
    WritePacked(to.zero_points.data() + column * PackedBytes(shape.blocks, bits), block, bits,
                fit.zero);
}

}  // namespace

Result<BlockCodes> EncodeBlocks(const Tensor& weights, bool transposed, int bits,
                                int64_t block_size) {
  const int64_t rows = weights.dims()[0], row = weights.dims()[1];
  Shape2 shape{transposed ? row : rows, transposed ? rows : row, block_size, 0};
  shape.blocks = (shape.depth + block_size - 1) / block_size;
  const int64_t step = transposed ? 1 : row, column_step = transposed ? row : 1;
  INSITU_ASSIGN(BlockCodes symmetric, Empty(shape, bits, false));
  INSITU_ASSIGN(BlockCodes free, Empty(shape, bits, true));
  const float* values = weights.As<float>().data();
  BlockSearch search(bits);
  std::vector<float> block;
  for (int64_t b = 0; b < shape.blocks; ++b) {
    const int64_t first = b * block_size, count = std::min(block_size, shape.depth - first);
    block.resize(static_cast<size_t>(count));
    for (int64_t n = 0; n < shape.columns; ++n) {
      const float* from = values + n * column_step + first * step;
      for (int64_t i = 0; i < count; ++i) block[static_cast<size_t>(i)] = from[i * step];
      search.FitSymmetric(block);
      Write(search, block, shape, bits, n, b, symmetric);
      search.FitFree(block);
      Write(search, block, shape, bits, n, b, free);
    }
  }
  return free.squared_error < symmetric.squared_error ? std::move(free) : std::move(symmetric);
}

}  // namespace insitu
