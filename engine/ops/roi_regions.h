// Regions of interest: what RoiAlign and MaxRoiPool check of their inputs.
#pragma once

#include <cmath>
#include <string>

#include "ops/elements.h"
#include "ops/infer_util.h"

namespace insitu {

inline constexpr int64_t kMaxPooledExtent = 1 << 15;
inline constexpr double kMaxCoordinate = 1e9;  // of a region, in pixels

// The output of `count` regions; x is [N, C, H, W].
inline Result<Shape> RegionsShape(const Shape& x, const Dim& count, int64_t height, int64_t width) {
  if (x.size() != 4)
    return Fail(ErrorCode::kShapeMismatch,
                "an input of shape " + ToString(x) + " is not [N, C, H, W]");
  for (int64_t extent : {height, width})
    if (extent < 1 || extent > kMaxPooledExtent)
      return Fail(
          ErrorCode::kInvalidModel,
          "regions cannot be pooled to " + std::to_string(height) + " x " + std::to_string(width));
  return Shape{count, x[1], height, width};
}

// The index of the image that region `r` lies in.
inline Result<int64_t> ImageOf(int64_t r, int64_t image, int64_t batch) {
  if (image >= 0 && image < batch) return image;
  return Fail(ErrorCode::kInvalidArgument, "region " + std::to_string(r) + " lies in image " +
                                               std::to_string(image) + ", but there are " +
                                               std::to_string(batch));
}

// Coordinate i of `regions`, scaled; InvalidArgument when it is no sensible number.
inline Result<double> RegionCoordinate(const TensorView& regions, int64_t i, double scale) {
  const double value = LoadReal(regions, i) * scale;
  if (std::fabs(value) <= kMaxCoordinate) return value;
  return Fail(ErrorCode::kInvalidArgument, "a region has the coordinate " + std::to_string(value),
              "Check what computes it.");
}

}  // namespace insitu
