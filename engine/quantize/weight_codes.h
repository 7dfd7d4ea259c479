// Weights as integers, symmetric: w ~ scale * code, with one scale a channel or one for all.
// Invariant: codes are within [-limit, limit]; a scale is positive, also of zeros alone.
#pragma once

#include <cstdint>
#include <limits>

#include "base/error.h"
#include "base/tensor.h"

namespace insitu {

struct WeightCodes {
  Tensor codes;   // int8, the dims of the weights
  Tensor scales;  // float32, [channels] or []
};

// The largest code of 8 bits, or of 7.
constexpr int WeightLimit(bool reduce_range) { return reduce_range ? 63 : 127; }

// More products of 8-bit data and weights than this may not fit their sum of 32 bits.
constexpr int64_t kMostProducts = std::numeric_limits<int32_t>::max() / (255 * WeightLimit(false));

// Finite float32 weights along `axis`; axis < 0: one scale for all. `limit` is a WeightLimit().
Result<WeightCodes> EncodeWeights(const Tensor& weights, int64_t axis, int limit);
// What they stand for: float32.
Result<Tensor> DecodeWeights(const WeightCodes& codes, int64_t axis);

}  // namespace insitu
