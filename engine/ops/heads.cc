// Reading and gathering of heads.
#include "ops/heads.h"

#include <algorithm>

#include "ops/elements.h"

namespace insitu {

Result<HeadsShape> ReadHeadsShape(const Shape& shape, int64_t heads, std::string_view what) {
  if (shape.size() == 4) return HeadsShape{shape[0], shape[1], shape[2], shape[3]};
  const bool fits =
      shape.size() == 3 && heads > 0 && (!shape[2].IsKnown() || shape[2].value() % heads == 0);
  if (fits) return HeadsShape{shape[0], heads, shape[1], FloorDiv(shape[2], heads)};
  return Fail(ErrorCode::kShapeMismatch,
              std::string(what) + " of shape " + ToString(shape) + " does not hold " +
                  std::to_string(heads) + " heads",
              "It must be [batch, sequence, heads * size] or [batch, heads, sequence, size].");
}

HeadRows SeparateHeads(const TensorView& view) {
  const Dims& dims = view.dims;
  return {view, 0, dims[1] * dims[2] * dims[3], dims[2] * dims[3], dims[3]};
}

HeadRows InterleavedHeads(const TensorView& view, int64_t size, int64_t column) {
  return {view, column, view.dims[1] * view.dims[2], size, view.dims[2]};
}

void FillHeads(Tensor& to, const HeadRows& from, std::span<const RowRange> ranges,
               const EditRow& edit) {
  if (to.elements() == 0) return;
  const Dims& dims = to.dims();
  const int64_t heads = dims[1], rows = dims[2], size = dims[3];
  double* data = to.As<double>().data();
  for (int64_t b = 0; b < dims[0]; ++b) {
    const RowRange range = ranges[ranges.size() == 1 ? 0 : static_cast<size_t>(b)];
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t r = 0; r < range.count; ++r) {
        double* row = data + ((b * heads + h) * rows + range.first + r) * size;
        LoadElements(from.data, from.At(b, h, r), 1, size, row);
        if (edit) edit(row, b, h, r);
      }
  }
}

Result<Tensor> MakeHeads(int64_t batch, int64_t heads, int64_t rows, int64_t size) {
  INSITU_ASSIGN(Tensor tensor, Tensor::Allocate(DType::kFloat64, {batch, heads, rows, size}));
  std::ranges::fill(tensor.As<double>(), 0.0);
  return tensor;
}

void StoreHeads(const Tensor& from, const TensorView& to, int64_t offset) {
  StoreElements(from.As<double>().data(), from.elements(), to, offset);
}

}  // namespace insitu
