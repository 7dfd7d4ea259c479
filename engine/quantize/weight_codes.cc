// Scale: largest magnitude over the limit. Codes: rounded half to even, as QuantizeLinear does.
#include "quantize/weight_codes.h"

#include <algorithm>
#include <cmath>

namespace insitu {
namespace {

// Which scale an element has.
struct Channels {
  Channels(const Dims& dims, int64_t axis) {
    if (axis < 0) return;
    count = static_cast<size_t>(dims[static_cast<size_t>(axis)]);
    for (size_t i = static_cast<size_t>(axis) + 1; i < dims.size(); ++i)
      inner *= static_cast<size_t>(dims[i]);
  }
  size_t operator()(size_t element) const { return element / inner % count; }

  size_t count = 1, inner = 1;
};

}  // namespace

Result<WeightCodes> EncodeWeights(const Tensor& weights, int64_t axis, int limit,
                                  std::span<const float> least) {
  const Dims& dims = weights.dims();
  const Channels channel_of(dims, axis);
  const auto values = weights.As<float>();
  std::vector<float> scales(channel_of.count, 0);
  for (size_t i = 0; i < values.size(); ++i) {
    float& largest = scales[channel_of(i)];
    largest = std::max(largest, std::abs(values[i]));
  }
  for (size_t c = 0; c < scales.size(); ++c) {
    scales[c] /= static_cast<float>(limit);
    if (!least.empty()) scales[c] = std::max(scales[c], least[c]);
    if (!(scales[c] > 0) || !std::isfinite(scales[c])) scales[c] = 1;
  }
  WeightCodes made;
  INSITU_ASSIGN(made.scales, Tensor::From<float>(
                                 axis < 0 ? Dims{} : Dims{static_cast<int64_t>(channel_of.count)},
                                 std::span<const float>(scales)));
  INSITU_ASSIGN(made.codes, Tensor::Allocate(DType::kInt8, dims));
  const auto codes = made.codes.As<int8_t>();
  const float most = static_cast<float>(limit);
  for (size_t i = 0; i < values.size(); ++i)
    codes[i] = static_cast<int8_t>(
        std::clamp(std::nearbyint(values[i] / scales[channel_of(i)]), -most, most));
  return made;
}

Result<Tensor> DecodeWeights(const WeightCodes& codes, int64_t axis) {
  const Channels channel_of(codes.codes.dims(), axis);
  INSITU_ASSIGN(Tensor weights, Tensor::Allocate(DType::kFloat32, codes.codes.dims()));
  const auto values = weights.As<float>();
  const auto scales = codes.scales.As<float>();
  const auto from = codes.codes.As<int8_t>();
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = scales[channel_of(i)] * static_cast<float>(from[i]);
  return weights;
}

}  // namespace insitu
