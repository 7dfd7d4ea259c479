// The values, in the range that ops/dynamic_range.h finds.
#include "exec/kernels/dynamic_quantize.h"

#include "ops/dynamic_range.h"

namespace insitu::kernels {

Quantization DynamicQuantize(std::span<const float> x, std::span<uint8_t> y) {
  const Quantization q = DynamicRange(x);
  for (size_t i = 0; i < x.size(); ++i)
    y[i] = static_cast<uint8_t>(RoundToRange(x[i] / q.scale, q.zero_point, {0, 255}));
  return q;
}

}  // namespace insitu::kernels
