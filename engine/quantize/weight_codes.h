// Weights as integers, symmetric: w ~ scale * code, with one scale a channel or one for all.
// Invariant: codes are within [-limit, limit]; a scale is positive, also of zeros alone.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

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

// The largest code of a bias that is added to such a sum, of half as many products.
constexpr int64_t kMostBiasCode = int64_t{1} << 30;

// Finite float32 weights along `axis`; axis < 0: one scale for all. `limit` is a WeightLimit().
// No scale is smaller than that of its channel in `least`, if there are any.
Result<WeightCodes> EncodeWeights(const Tensor& weights, int64_t axis, int limit,
                                  std::span<const float> least = {});
// What they stand for: float32.
Result<Tensor> DecodeWeights(const WeightCodes& codes, int64_t axis);

}  // namespace insitu
