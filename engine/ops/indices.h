// Indices that come as data: what Gather, GatherElements, GatherND and the Scatter operators share.
// Invariant: negative indices count from the end; an index outside [-extent, extent) is
// InvalidArgument, and nothing is visited for it.
#pragma once

#include <algorithm>
#include <string>

#include "ops/axis_walk.h"
#include "ops/copy.h"
#include "ops/elements.h"
#include "ops/infer_util.h"

namespace insitu {

inline std::unexpected<Error> IndexOutOfRange(int64_t index, int64_t extent) {
  return Fail(ErrorCode::kInvalidArgument, "index " + std::to_string(index) +
                                               " is out of range for an axis of extent " +
                                               std::to_string(extent));
}

inline Result<int64_t> WrapIndex(int64_t index, int64_t extent) {
  if (index < -extent || index >= extent) return IndexOutOfRange(index, extent);
  return index < 0 ? index + extent : index;
}

// Indices of GatherElements and ScatterElements: as many axes as the data, no longer than it but
// along `axis`.
inline Status CheckElementIndices(const Shape& data, const Shape& indices, size_t axis) {
  bool fits = data.size() == indices.size();
  for (size_t i = 0; fits && i < data.size(); ++i)
    fits = i == axis || !data[i].IsKnown() || !indices[i].IsKnown() ||
           indices[i].value() <= data[i].value();
  if (fits) return {};
  return Fail(
      ErrorCode::kShapeMismatch,
      "indices of shape " + ToString(indices) + " do not fit data of shape " + ToString(data),
      "They need the same rank, and no extent above that of the data except along the "
      "axis.");
}

// Calls visit(i, offset) for every element i of checked `indices`, with the offset in the data of
// the element of the same place that has the index along `axis`.
template <class Visit>
Status ForEachIndexedElement(const TensorView& data, const TensorView& indices, size_t axis,
                             Visit&& visit) {
  if (indices.elements() == 0) return {};
  const std::vector<int64_t> steps = RowMajorSteps(data.dims);
  const size_t last = data.dims.size() - 1;
  AxisWalk rows;
  for (size_t i = 0; i < last; ++i) rows.Add(indices.dims[i], i == axis ? 0 : steps[i]);
  const int64_t line = indices.dims[last], line_step = axis == last ? 0 : 1;
  int64_t block[kBlock];
  const int64_t count = rows.count();
  for (int64_t row = 0; row < count; ++row, rows.Advance())
    for (int64_t start = 0; start < line; start += kBlock) {
      const int64_t n = std::min(kBlock, line - start);
      LoadElements(indices, row * line + start, 1, n, block);
      for (int64_t i = 0; i < n; ++i) {
        INSITU_ASSIGN(const int64_t at, WrapIndex(block[i], data.dims[axis]));
        visit(row * line + start + i, rows.offset() + (start + i) * line_step + at * steps[axis]);
      }
    }
  return {};
}

// Indices of GatherND and ScatterND: the last axis holds tuples, each of which names a slice of the
// data behind `batch_dims` axes that both share.
inline Status CheckTupleIndices(const Shape& data, const Shape& indices, size_t batch_dims) {
  bool fits = !data.empty() && !indices.empty() && batch_dims < data.size() &&
              batch_dims < indices.size() && indices.back().IsKnown() &&
              indices.back().value() >= 0 &&
              indices.back().value() <= static_cast<int64_t>(data.size() - batch_dims);
  for (size_t i = 0; fits && i < batch_dims; ++i) fits = !Differ(data[i], indices[i]);
  if (fits) return {};
  return Fail(ErrorCode::kShapeMismatch,
              "indices of shape " + ToString(indices) + " do not fit data of shape " +
                  ToString(data) + " with " + std::to_string(batch_dims) + " batch axes",
              "The last extent of the indices must be a number, at most the rank behind the batch "
              "axes.");
}

// Calls visit(t, offset, count) for every tuple t of checked `indices`: the slice that it names is
// `count` elements from `offset` on.
template <class Visit>
Status ForEachIndexedSlice(const TensorView& data, const TensorView& indices, size_t batch_dims,
                           Visit&& visit) {
  const std::span<const int64_t> dims = data.dims, index_dims = indices.dims;
  const auto width = static_cast<size_t>(index_dims.back());
  const std::vector<int64_t> steps = RowMajorSteps(dims);
  const int64_t batches = ElementsUnchecked(dims.first(batch_dims)),
                batch_step = ElementsUnchecked(dims.subspan(batch_dims)),
                slice = ElementsUnchecked(dims.subspan(batch_dims + width)),
                tuples = ElementsUnchecked(
                    index_dims.subspan(batch_dims, index_dims.size() - 1 - batch_dims));
  int64_t tuple[kBlock];  // the rank, and with it the width, is far below
  for (int64_t b = 0; b < batches; ++b)
    for (int64_t t = b * tuples; t < (b + 1) * tuples; ++t) {
      int64_t offset = b * batch_step;
      LoadElements(indices, t * static_cast<int64_t>(width), 1, static_cast<int64_t>(width), tuple);
      for (size_t i = 0; i < width; ++i) {
        INSITU_ASSIGN(const int64_t at, WrapIndex(tuple[i], dims[batch_dims + i]));
        offset += at * steps[batch_dims + i];
      }
      visit(t, offset, slice);
    }
  return {};
}

}  // namespace insitu
