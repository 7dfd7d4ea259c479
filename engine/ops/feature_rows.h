// The input of operators of ai.onnx.ml: rows of features [N, C]; one row where it is [C].
#pragma once

#include "ops/infer_util.h"

namespace insitu {

inline constexpr DTypeSet kFeatureTypes = {DType::kFloat32, DType::kFloat64, DType::kInt64,
                                           DType::kInt32};

struct FeatureRows {
  int64_t rows = 1, features = 0;
};

inline Result<FeatureRows> ReadFeatureRows(std::span<const int64_t> dims) {
  if (dims.size() == 1) return FeatureRows{1, dims[0]};
  if (dims.size() == 2) return FeatureRows{dims[0], dims[1]};
  return Fail(ErrorCode::kShapeMismatch,
              "features of dims " + ToString(dims) + " are given; [N, C] or [C] is needed");
}

// The number of rows as far as inference knows it; ShapeMismatch for another rank.
inline Result<Dim> InferFeatureRows(const InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFeatureTypes));
  const Shape* shape = context.shape(0);
  if (!shape) return Dim::Unknown();
  if (shape->size() == 1) return Dim(1);
  if (shape->size() == 2) return shape->front();
  return Fail(ErrorCode::kShapeMismatch,
              context.Describe(0) + " does not have the axes rows and features",
              "Give features of shape [N, C] or [C].");
}

// The number of features of a row where inference knows it.
inline std::optional<int64_t> KnownFeatures(const InferContext& context) {
  const Shape* shape = context.shape(0);
  if (!shape || shape->empty() || !shape->back().IsKnown()) return std::nullopt;
  return shape->back().value();
}

}  // namespace insitu
