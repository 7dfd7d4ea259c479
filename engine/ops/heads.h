// Heads of attention: vectors of a few elements for every head of every row (position) of every
// sequence in the batch, wherever they lie in a tensor: [batch, rows, heads * size],
// [batch, heads, rows, size] or packed with others.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "ops/infer_util.h"

namespace insitu {

// Extents, before or after the inputs are bound.
struct HeadsShape {
  Dim batch, heads, rows, size;
};

// From [batch, heads, rows, size], or from [batch, rows, heads * size] for this number of heads.
// `what` names the tensor in errors.
Result<HeadsShape> ReadHeadsShape(const Shape& shape, int64_t heads, std::string_view what);

// Where the vectors lie: the one for (b, h, r) begins at offset + b * batch_step + h * head_step +
// r * row_step, its elements next to each other.
struct HeadRows {
  TensorView data;
  int64_t offset = 0, batch_step = 0, head_step = 0, row_step = 0;

  int64_t At(int64_t batch, int64_t head, int64_t row) const {
    return offset + batch * batch_step + head * head_step + row * row_step;
  }
};

// For a tensor of rank 4, [batch, heads, rows, size].
HeadRows SeparateHeads(const TensorView& view);
// For [batch, rows, width], `heads` vectors of `size` from column `column` of every row on.
HeadRows InterleavedHeads(const TensorView& view, int64_t size, int64_t column = 0);

// Changes a vector before it is stored; `row` counts in the source.
using EditRow = std::function<void(double* values, int64_t batch, int64_t head, int64_t row)>;

// `count` rows from the beginning of the source go to rows from `first` on.
struct RowRange {
  int64_t first = 0, count = 0;
};

// Fills a float64 tensor [batch, heads, rows, size]; `ranges` holds one range for every sequence,
// or one for all.
void FillHeads(Tensor& to, const HeadRows& from, std::span<const RowRange> ranges,
               const EditRow& edit = {});
inline void FillHeads(Tensor& to, const HeadRows& from, RowRange range, const EditRow& edit = {}) {
  FillHeads(to, from, {&range, 1}, edit);
}
// A new one, of zeros.
Result<Tensor> MakeHeads(int64_t batch, int64_t heads, int64_t rows, int64_t size);
// Its elements in order, converted, from `offset` of `to` on.
void StoreHeads(const Tensor& from, const TensorView& to, int64_t offset = 0);

}  // namespace insitu
