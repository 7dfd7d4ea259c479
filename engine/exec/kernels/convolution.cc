// Which of insitu's own kernels takes a convolution: the depthwise one where it fits.
#include <algorithm>

#include "exec/kernels/convolutions.h"

namespace insitu::kernels {

Result<PlaneGeometry> PlaneGeometry::Of(const lowered::Convolution& op, Dims in, Dims out) {
  PlaneGeometry geometry{std::move(in), std::move(out), {}};
  for (Dims* dims : {&geometry.in, &geometry.out})
    if (dims->size() == 3) dims->insert(dims->begin() + 1, 1);
  const Dims &x = geometry.in, &y = geometry.out;
  if (x.size() != 4 || y.size() != 4 || x[0] != y[0])
    return Fail(ErrorCode::kShapeMismatch,
                "a convolution between " + ToString(x) + " and " + ToString(y));
  for (size_t i = 0; i < 2; ++i) {
    const int64_t reach = (op.kernel[i] - 1) * op.dilation[i] + 1;
    const int64_t total = std::max<int64_t>(0, (y[1 + i] - 1) * op.stride[i] + reach - x[1 + i]);
    geometry.pad[i] = op.pad_begin[i];
    if (op.auto_pad_same_upper) geometry.pad[i] = total / 2;
    if (op.auto_pad_same_lower) geometry.pad[i] = total - total / 2;
  }
  return geometry;
}

Considered Consider(const lowered::Convolution& op) {
  const Dims& w = op.weights.dims();
  if (!IsByte(op.input)) return Refuse("only 8-bit data");
  if (w.size() != 4 || w[1] != op.kernel[0] || w[2] != op.kernel[1] || op.groups < 1 || w[0] < 1 ||
      w[0] % op.groups != 0)
    return Refuse("the weights do not belong to the window");
  for (int i = 0; i < 2; ++i)
    if (op.stride[i] < 1 || op.dilation[i] < 1 || op.pad_begin[i] < 0)
      return Refuse("strides, dilations and padding must be positive");
  auto depthwise = ConsiderDepthwise(op);
  return depthwise ? depthwise : ConsiderIntegerConvolution(op);
}

Created Create(const lowered::Convolution& op, const ThreadPool& pool, PackedWeights packed) {
  return ConsiderDepthwise(op) ? CreateDepthwise(op, pool, std::move(packed))
                               : CreateIntegerConvolution(op, pool, std::move(packed));
}

}  // namespace insitu::kernels
