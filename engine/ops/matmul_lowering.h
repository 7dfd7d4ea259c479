// Weights and biases of linear layers in the form that lowering wants.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/infer_util.h"

namespace insitu {

// 8-bit weights [I, O] as [O, I], moved in squares that stay in the cache.
inline Result<Tensor> TransposedWeights(const Tensor& weights) {
  constexpr int64_t kSquare = 32;
  const int64_t rows = weights.dims()[0], columns = weights.dims()[1];
  INSITU_ASSIGN(Tensor packed, Tensor::Allocate(weights.dtype(), {columns, rows}));
  const std::byte* from = weights.data();
  std::byte* to = packed.data();
  for (int64_t i = 0; i < rows; i += kSquare)
    for (int64_t j = 0; j < columns; j += kSquare)
      for (int64_t k = i; k < std::min(rows, i + kSquare); ++k)
        for (int64_t l = j; l < std::min(columns, j + kSquare); ++l)
          to[l * rows + k] = from[k * columns + l];
  return packed;
}

// The constant matrix that a product with at least two axes on its left is multiplied by.
inline std::expected<const Tensor*, Refusal> MatrixWeights(const LowerContext& context, size_t a,
                                                           size_t b) {
  const Tensor* weights = context.constant(b);
  if (!weights) return Refuse("weights are computed at run time");
  if (weights->dims().size() != 2) return Refuse("the weights do not have two axes");
  const Shape* left = context.shape(a);
  if (!left || left->size() < 2) return Refuse("the left operand has fewer than two axes");
  return weights;
}

// The addend of a linear layer as one value per column; nullptr: computed at run time.
inline std::expected<Tensor, Refusal> ColumnBias(const Tensor* bias, int64_t columns) {
  if (!bias) return Refuse("the bias is computed at run time");
  if (bias->elements() != columns || (!bias->dims().empty() && bias->dims().back() != columns))
    return Refuse("the bias is not one value per column");
  return bias->Reshaped({columns});
}

}  // namespace insitu
