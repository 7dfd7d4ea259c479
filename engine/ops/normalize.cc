// Rows of normalisations.
#include "ops/normalize.h"

#include <cmath>

#include "ops/broadcast.h"

namespace insitu {
namespace {

template <class F>
void ForEachBlock(const TensorView& x, int64_t offset, int64_t count, F f) {
  double block[kBlock];
  for (int64_t start = 0; start < count; start += kBlock) {
    const int64_t n = std::min(kBlock, count - start);
    LoadElements(x, offset + start, 1, n, block);
    f(std::span(block, static_cast<size_t>(n)), start);
  }
}

}  // namespace

Moments MomentsOf(const TensorView& x, int64_t offset, int64_t count, double epsilon,
                  bool centred) {
  double sum = 0, squares = 0;
  if (centred)
    ForEachBlock(x, offset, count, [&](std::span<double> values, int64_t) {
      for (double value : values) sum += value;
    });
  const double mean = sum / static_cast<double>(count);
  ForEachBlock(x, offset, count, [&](std::span<double> values, int64_t) {
    for (double value : values) squares += (value - mean) * (value - mean);
  });
  return {mean, 1 / std::sqrt(squares / static_cast<double>(count) + epsilon)};
}

Result<RowParameter> ReadRowParameter(const RunContext& context, size_t i,
                                      std::span<const int64_t> dims, size_t axis) {
  if (!context.HasInput(i)) return RowParameter{};
  const TensorView& from = context.inputs[i];
  if (!BroadcastsTo(ToShape(from.dims), ToShape(dims)))
    return Fail(ErrorCode::kShapeMismatch, "the dims " + ToString(from.dims) + " of input " +
                                               std::to_string(i) + " do not broadcast to " +
                                               ToString(dims));
  // Leading extents of 1 are no reason to keep a value for every row.
  TensorView narrow = from;
  while (narrow.dims.size() > dims.size() - axis && narrow.dims.front() == 1)
    narrow.dims.erase(narrow.dims.begin());
  const bool per_row = narrow.dims.size() > dims.size() - axis;
  const Dims full(dims.begin() + static_cast<ptrdiff_t>(per_row ? 0 : axis), dims.end());
  RowParameter parameter;
  INSITU_ASSIGN(parameter.data, Tensor::Allocate(DType::kFloat64, full));
  BroadcastLoop loop(full, {&narrow, 1});
  while (loop.Next(kBlock))
    LoadElements(narrow, loop.row().inputs[0], loop.row().strides[0], loop.row().count,
                 parameter.data.As<double>().data() + loop.row().output);
  if (per_row) parameter.stride = ElementsUnchecked(dims.subspan(axis));
  return parameter;
}

Status RequireBroadcastsTo(const InferContext& context, size_t i, const Shape& shape) {
  const Shape* own = context.shape(i);
  if (!own) return {};
  bool fits = own->size() <= shape.size();
  for (size_t back = 1; fits && back <= own->size(); ++back) {
    const Dim &from = (*own)[own->size() - back], &to = shape[shape.size() - back];
    fits = !from.IsKnown() || !to.IsKnown() || from == to || from == Dim(1);
  }
  if (fits) return {};
  return Fail(ErrorCode::kShapeMismatch,
              context.Describe(i) + " does not broadcast to " + ToString(shape));
}

void NormalizeRow(const TensorView& x, int64_t x_offset, const TensorView& y, int64_t y_offset,
                  int64_t count, Moments moments, const double* scale, const double* shift) {
  ForEachBlock(x, x_offset, count, [&](std::span<double> values, int64_t start) {
    for (double& value : values) value = (value - moments.mean) * moments.inverse_deviation;
    const auto n = static_cast<int64_t>(values.size());
    if (scale)
      for (int64_t i = 0; i < n; ++i) values[static_cast<size_t>(i)] *= scale[start + i];
    if (shift)
      for (int64_t i = 0; i < n; ++i) values[static_cast<size_t>(i)] += shift[start + i];
    StoreElements(values.data(), n, y, y_offset + start);
  });
}

}  // namespace insitu
