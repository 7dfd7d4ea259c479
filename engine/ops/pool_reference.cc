// Geometry of a pool's run, from attributes and run-time extents.
#include "ops/pool_reference.h"

namespace insitu {

Result<PoolGeometry> ReadPoolGeometry(const Node& node, std::span<const int64_t> x_dims) {
  const Shape x_shape = ToShape(x_dims);
  INSITU_ASSIGN(const std::optional<Shape> y_shape, PoolOutputShape(node, &x_shape));
  PoolGeometry geometry;
  geometry.y_dims = KnownDims(*y_shape).value();
  INSITU_ASSIGN(geometry.window, ReadWindow(node, x_dims.size() - 2, {}));
  const bool channels_last = IsChannelsLast(node);
  geometry.x = MakeSpatialView(x_dims, channels_last);
  geometry.y = MakeSpatialView(geometry.y_dims, channels_last);
  ResolvePads(geometry.window, geometry.x.extent);
  return geometry;
}

}  // namespace insitu
