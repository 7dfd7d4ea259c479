// Weights of linear layers in the form that lowering wants.
#pragma once

#include <cstring>

#include "base/tensor.h"

namespace insitu {

// [I, O] -> [O, I], for elements of whole bytes.
inline Result<Tensor> TransposedWeights(const Tensor& weights) {
  const int64_t rows = weights.dims()[0], columns = weights.dims()[1];
  INSITU_ASSIGN(Tensor packed, Tensor::Allocate(weights.dtype(), {columns, rows}));
  const size_t size = ByteSize(weights.dtype(), 1);
  const std::byte* from = weights.data();
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j, from += size)
      std::memcpy(packed.data() + static_cast<size_t>(j * rows + i) * size, from, size);
  return packed;
}

}  // namespace insitu
