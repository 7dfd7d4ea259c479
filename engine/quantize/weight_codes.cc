// Scale: largest magnitude over the limit. Codes: rounded half to even, as QuantizeLinear does.
#include "quantize/weight_codes.h"

#include <algorithm>
#include <cmath>

namespace insitu {

Result<WeightCodes> EncodeWeights(const Tensor& weights, int64_t axis, int limit) {
  const Dims& dims = weights.dims();
  size_t channels = 1, inner = static_cast<size_t>(weights.elements());
  if (axis >= 0) {
    channels = static_cast<size_t>(dims[static_cast<size_t>(axis)]);
    inner = 1;
    for (size_t i = static_cast<size_t>(axis) + 1; i < dims.size(); ++i)
      inner *= static_cast<size_t>(dims[i]);
  }
  const auto values = weights.As<float>();
  const auto channel_of = [&](size_t i) { return i / inner % channels; };
  std::vector<float> scales(channels, 0);
  for (size_t i = 0; i < values.size(); ++i) {
    float& largest = scales[channel_of(i)];
    largest = std::max(largest, std::abs(values[i]));
  }
  for (float& scale : scales) {
    scale /= static_cast<float>(limit);
    if (!(scale > 0) || !std::isfinite(scale)) scale = 1;
  }
  WeightCodes made;
  INSITU_ASSIGN(made.scales, Tensor::From<float>(axis < 0 ? Dims{} : Dims{static_cast<int64_t>(channels)},
                                                 std::span<const float>(scales)));
  INSITU_ASSIGN(made.codes, Tensor::Allocate(DType::kInt8, dims));
  const auto codes = made.codes.As<int8_t>();
  const float most = static_cast<float>(limit);
  for (size_t i = 0; i < values.size(); ++i)
    codes[i] = static_cast<int8_t>(
        std::clamp(std::nearbyint(values[i] / scales[channel_of(i)]), -most, most));
  return made;
}

}  // namespace insitu
