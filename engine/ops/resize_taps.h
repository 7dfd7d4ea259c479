// What a resized axis is made of: for every output position, which input positions it takes and
// with which weights. Resizing is separable, so this is all that the modes of Resize differ in.
// Reference: https://onnx.ai/onnx/operators/onnx__Resize.html (19).
#pragma once

#include <cstdint>

#include "base/error.h"
#include "base/tensor.h"
#include "ir/graph.h"

namespace insitu {

enum class ResizeMode : uint8_t { kNearest, kLinear, kCubic };
enum class ResizeCoordinates : uint8_t {
  kHalfPixel,
  kHalfPixelSymmetric,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kCropAndResize
};
// The last is insitu's own, for what Resize-10 did: down when enlarging, up when shrinking.
enum class ResizeRounding : uint8_t { kPreferFloor, kPreferCeil, kFloor, kCeil, kFloorOrCeil };
enum class ResizeAspect : uint8_t { kStretch, kNotLarger, kNotSmaller };

// The attributes, checked.
struct ResizeSettings {
  ResizeMode mode = ResizeMode::kNearest;
  ResizeCoordinates coordinates = ResizeCoordinates::kHalfPixel;
  ResizeRounding rounding = ResizeRounding::kPreferFloor;
  ResizeAspect aspect = ResizeAspect::kStretch;
  bool antialias = false, exclude_outside = false;
  double cubic_a = -0.75, extrapolation = 0;
};
Result<ResizeSettings> ReadResizeSettings(const Node& node);

struct ResizedAxis {
  int64_t input = 1, output = 1;
  double scale = 1;   // above 0
  double length = 1;  // the output extent before it was rounded down
  double roi_begin = 0, roi_end = 1;

  bool IsIdentity(const ResizeSettings& settings) const {
    return input == output && scale == 1 &&
           settings.coordinates != ResizeCoordinates::kCropAndResize;
  }
};

inline constexpr int64_t kExtrapolated = -1;

// `count` taps an output. The first index is kExtrapolated where the output is the extrapolation
// value.
struct ResizeTaps {
  int64_t count = 1;
  Tensor indices, weights;  // int64 and float64 [output, count]

  int64_t FirstOf(int64_t output) const {
    return indices.As<int64_t>()[static_cast<size_t>(output * count)];
  }
};
// For an input of at least one element.
Result<ResizeTaps> MakeResizeTaps(const ResizeSettings& settings, const ResizedAxis& axis);

}  // namespace insitu
