// Geometry of a convolution's run, from attributes and run-time extents.
#include "ops/conv_reference.h"

namespace insitu {

Result<ConvGeometry> ReadConvGeometry(const Node& node, std::span<const int64_t> x_dims,
                                      std::span<const int64_t> w_dims, Dims& y_dims) {
  const Shape x_shape = ToShape(x_dims), w_shape = ToShape(w_dims);
  INSITU_ASSIGN(const std::optional<Shape> y_shape, ConvOutputShape(node, &x_shape, &w_shape));
  y_dims = KnownDims(*y_shape).value();
  ConvGeometry geometry;
  INSITU_ASSIGN(geometry.window, ReadWindow(node, x_dims.size() - 2, w_dims.subspan(2)));
  const bool channels_last = IsChannelsLast(node);
  geometry.x = MakeSpatialView(x_dims, channels_last);
  geometry.y = MakeSpatialView(y_dims, channels_last);
  geometry.groups = node.Attr<int64_t>("group", 1);
  ResolvePads(geometry.window, geometry.x.extent);
  return geometry;
}

}  // namespace insitu
