// Coordinates and weights of Resize.
// An output at x between the inputs b and b + 1 (b < x <= b + 1) has the taps b - s + 1 .. b + s
// with the weights k(tap - x), k being the triangle (s = 1) or the cubic kernel (s = 2); with
// antialias, when shrinking by scale < 1, both are widened: k(scale * (tap - x)), s / scale, and
// normalised.
#include "ops/resize_taps.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <span>

namespace insitu {
namespace {

template <class Enum>
struct Named {
  std::string_view name;
  Enum value;
};

template <class Enum>
Result<Enum> ReadEnum(const Node& node, std::string_view key, std::span<const Named<Enum>> names,
                      std::string fallback) {
  const std::string text = node.Attr<std::string>(key, std::move(fallback));
  const auto found = std::ranges::find(names, text, &Named<Enum>::name);
  if (found != names.end()) return found->value;
  return Fail(ErrorCode::kInvalidModel,
              std::string(key) + " of " + node.op + " is '" + text + "', which is unknown",
              "Export the model again, for an opset up to 23.");
}

constexpr Named<ResizeMode> kModes[] = {{"nearest", ResizeMode::kNearest},
                                        {"linear", ResizeMode::kLinear},
                                        {"cubic", ResizeMode::kCubic}};
constexpr Named<ResizeCoordinates> kCoordinates[] = {
    {"half_pixel", ResizeCoordinates::kHalfPixel},
    {"half_pixel_symmetric", ResizeCoordinates::kHalfPixelSymmetric},
    {"pytorch_half_pixel", ResizeCoordinates::kPytorchHalfPixel},
    {"align_corners", ResizeCoordinates::kAlignCorners},
    {"asymmetric", ResizeCoordinates::kAsymmetric},
    {"tf_crop_and_resize", ResizeCoordinates::kCropAndResize}};
constexpr Named<ResizeRounding> kRoundings[] = {
    {"round_prefer_floor", ResizeRounding::kPreferFloor},
    {"round_prefer_ceil", ResizeRounding::kPreferCeil},
    {"floor", ResizeRounding::kFloor},
    {"ceil", ResizeRounding::kCeil},
    {"floor_or_ceil", ResizeRounding::kFloorOrCeil}};
constexpr Named<ResizeAspect> kAspects[] = {{"stretch", ResizeAspect::kStretch},
                                            {"not_larger", ResizeAspect::kNotLarger},
                                            {"not_smaller", ResizeAspect::kNotSmaller}};

double Coordinate(const ResizeSettings& settings, const ResizedAxis& axis, int64_t output) {
  const auto x = static_cast<double>(output), last = static_cast<double>(axis.input - 1);
  const double half_pixel = (x + 0.5) / axis.scale - 0.5;
  switch (settings.coordinates) {
    case ResizeCoordinates::kAlignCorners:
      return axis.length == 1 ? 0 : x * last / (axis.length - 1);
    case ResizeCoordinates::kAsymmetric:
      return x / axis.scale;
    case ResizeCoordinates::kPytorchHalfPixel:
      return axis.length > 1 ? half_pixel : 0;
    case ResizeCoordinates::kHalfPixelSymmetric: {
      const double adjustment = static_cast<double>(axis.output) / axis.length;
      return static_cast<double>(axis.input) / 2 * (1 - adjustment) + half_pixel;
    }
    case ResizeCoordinates::kCropAndResize:
      if (axis.length == 1) return 0.5 * (axis.roi_begin + axis.roi_end) * last;
      return axis.roi_begin * last + x * (axis.roi_end - axis.roi_begin) * last / (axis.length - 1);
    default:
      return half_pixel;
  }
}

// The input position to the right of x counts, rather than that to its left; `ratio` in (0, 1] is
// how far x lies behind the left one.
bool RoundsUp(ResizeRounding rounding, double ratio, double scale) {
  if (ratio == 1) return true;
  switch (rounding) {
    case ResizeRounding::kPreferFloor:
      return ratio > 0.5;
    case ResizeRounding::kPreferCeil:
      return ratio >= 0.5;
    case ResizeRounding::kFloor:
      return false;
    case ResizeRounding::kFloorOrCeil:
      return scale < 1;
    default:
      return true;
  }
}

double Kernel(const ResizeSettings& settings, double x) {
  x = std::fabs(x);
  if (settings.mode == ResizeMode::kLinear) return std::max(0.0, 1 - x);
  const double a = settings.cubic_a;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

}  // namespace

Result<ResizeSettings> ReadResizeSettings(const Node& node) {
  ResizeSettings settings;
  INSITU_ASSIGN(settings.mode,
                ReadEnum(node, "mode", std::span<const Named<ResizeMode>>(kModes), "nearest"));
  INSITU_ASSIGN(settings.coordinates,
                ReadEnum(node, "coordinate_transformation_mode",
                         std::span<const Named<ResizeCoordinates>>(kCoordinates), "half_pixel"));
  INSITU_ASSIGN(settings.rounding,
                ReadEnum(node, "nearest_mode", std::span<const Named<ResizeRounding>>(kRoundings),
                         "round_prefer_floor"));
  INSITU_ASSIGN(settings.aspect,
                ReadEnum(node, "keep_aspect_ratio_policy",
                         std::span<const Named<ResizeAspect>>(kAspects), "stretch"));
  settings.antialias = node.Attr<int64_t>("antialias", 0) != 0;
  settings.exclude_outside = node.Attr<int64_t>("exclude_outside", 0) != 0;
  settings.cubic_a = node.Attr<float>("cubic_coeff_a", -0.75f);
  settings.extrapolation = node.Attr<float>("extrapolation_value", 0);
  return settings;
}

Result<ResizeTaps> MakeResizeTaps(const ResizeSettings& settings, const ResizedAxis& axis) {
  const bool nearest = settings.mode == ResizeMode::kNearest;
  const double scale = settings.antialias ? std::min(axis.scale, 1.0) : 1.0;
  const double support = settings.mode == ResizeMode::kCubic ? 2 : 1;
  // An output of at least one element has a scale of at least 1 / input, which bounds `first`.
  const auto first = axis.output > 0 ? static_cast<int64_t>(std::floor(-support / scale)) + 1 : 0;
  ResizeTaps taps;
  if (!nearest) taps.count = 2 - 2 * first;
  INSITU_ASSIGN(taps.indices, Tensor::Allocate(DType::kInt64, {axis.output, taps.count}));
  INSITU_ASSIGN(taps.weights, Tensor::Allocate(DType::kFloat64, {axis.output, taps.count}));
  int64_t* index = taps.indices.As<int64_t>().data();
  double* weight = taps.weights.As<double>().data();
  const auto last = static_cast<double>(axis.input - 1);
  for (int64_t o = 0; o < axis.output; ++o, index += taps.count, weight += taps.count) {
    const double x = Coordinate(settings, axis, o);
    std::fill_n(weight, taps.count, 1.0);
    if (settings.coordinates == ResizeCoordinates::kCropAndResize && !(x >= 0 && x <= last)) {
      std::fill_n(index, taps.count, kExtrapolated);
      continue;
    }
    const double left = std::ceil(std::clamp(x, -1.0, last + 1)) - 1, ratio = x - left;
    const auto base = static_cast<int64_t>(left);
    if (nearest) {
      *index = std::clamp<int64_t>(base + RoundsUp(settings.rounding, ratio, axis.scale), 0,
                                   axis.input - 1);
      continue;
    }
    for (int64_t i = 0; i < taps.count; ++i) {
      const int64_t at = base + first + i;
      index[i] = std::clamp<int64_t>(at, 0, axis.input - 1);
      weight[i] = Kernel(settings, scale * (static_cast<double>(first + i) - ratio));
      if (settings.exclude_outside && at != index[i]) weight[i] = 0;
    }
    if (!settings.antialias && !settings.exclude_outside) continue;
    const double sum = std::accumulate(weight, weight + taps.count, 0.0);
    for (int64_t i = 0; i < taps.count; ++i) weight[i] /= sum;
  }
  return taps;
}

}  // namespace insitu
