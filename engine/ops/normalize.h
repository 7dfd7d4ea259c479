// What the normalisations share: moments of consecutive elements, and the loop that normalises,
// scales and shifts rows.
// Invariant: moments are taken in double, the variance in a second pass around the mean.
#pragma once

#include <functional>
#include <span>

#include "ops/elements.h"
#include "ops/infer_util.h"

namespace insitu {

struct Moments {
  double mean = 0;
  double inverse_deviation = 1;  // 1 / sqrt(variance + epsilon)
};

// Of `count` consecutive elements; without `centred` the mean is taken to be 0.
Moments MomentsOf(const TensorView& x, int64_t offset, int64_t count, double epsilon,
                  bool centred = true);

// A parameter in double that stands for one of the shape it broadcasts to: rows [row][i] at
// data + row * stride + i. A stride of 0 says that all rows have the same.
struct RowParameter {
  Tensor data;
  int64_t stride = 0;
  const double* Row(int64_t row) const {
    return data.empty() ? nullptr : data.As<double>().data() + row * stride;
  }
};

// Input i as a parameter for tensors of extents `dims` whose rows begin at `axis`; empty where it
// is omitted. ShapeMismatch when it does not broadcast.
Result<RowParameter> ReadRowParameter(const RunContext& context, size_t i,
                                      std::span<const int64_t> dims, size_t axis);
// The same check for inference.
Status RequireBroadcastsTo(const InferContext& context, size_t i, const Shape& shape);

// y[i] = (x[i] - mean) * inverse_deviation * scale[i] + shift[i] for `count` elements from the
// offsets on; scale and shift may be nullptr.
void NormalizeRow(const TensorView& x, int64_t x_offset, const TensorView& y, int64_t y_offset,
                  int64_t count, Moments moments, const double* scale, const double* shift);

}  // namespace insitu
