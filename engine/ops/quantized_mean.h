// The mean of quantized elements, shared by QLinearGlobalAveragePool and QLinearAveragePool, whose
// files state the formula.
#pragma once

#include "ops/infer_util.h"
#include "ops/quantization.h"
#include "ops/requantize.h"

namespace insitu {

// What a sum of `count` elements is multiplied by to give their mean in steps of y.
inline float QuantizedMeanFactor(int64_t count, const Quantization& x, const Quantization& y) {
  const float share = count > 0 ? 1.0f / static_cast<float>(count) : 0.0f;
  return (x.scale / y.scale) * share;
}

inline int32_t QuantizedMean(int32_t sum, int64_t count, const Quantization& x,
                             const Quantization& y, QuantizedRange range) {
  const float factor = QuantizedMeanFactor(count, x, y);
  return RoundToRange(static_cast<float>(sum) * factor, y.zero_point, range);
}

// The inputs of both: x, x_scale, x_zero_point, y_scale, y_zero_point of one type.
inline Status CheckQuantizedPool(const InferContext& context) {
  INSITU_TRY(CheckByteInput(context, 0, "x"));
  INSITU_TRY(RequireInputs(context, {1, 3}));
  INSITU_TRY(RequireType(context, 1, {DType::kFloat32}));
  INSITU_TRY(RequireSameType(context, 0, 2));
  INSITU_TRY(RequireType(context, 3, {DType::kFloat32}));
  return RequireSameType(context, 0, 4);
}

}  // namespace insitu
