// Weights of a matrix product in blocks along K, as com.microsoft.MatMulNBits has them:
//   w ~ (code - zero_point) * scale, with scale and zero point of the block
// Invariant: no block has a larger squared error than by rounding to nearest over its range, with
// the zero point fixed or, where there are zero points, free. Blocks whose scale would be smaller
// than the normal numbers of float32 are zeros.
#pragma once

#include "base/error.h"
#include "base/tensor.h"

namespace insitu {

struct BlockCodes {
  Tensor codes;        // uint8 [N, blocks, block_size * bits / 8], packed
  Tensor scales;       // float32 [N, blocks]
  Tensor zero_points;  // uint8 [N, bytes of `blocks` codes], packed; empty: 2^(bits - 1)
  double squared_error = 0;

  size_t size_bytes() const {
    return codes.size_bytes() + scales.size_bytes() + zero_points.size_bytes();
  }
};

// Finite float32 weights, [K, N] or transposed [N, K]; `bits` is 4 or 8. Zero points are there
// where they lower the error.
Result<BlockCodes> EncodeBlocks(const Tensor& weights, bool transposed, int bits,
                                int64_t block_size);

}  // namespace insitu
