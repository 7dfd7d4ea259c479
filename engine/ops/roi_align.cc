// RoiAlign: regions [x1, y1, x2, y2] of x [N, C, H, W], each divided into bins, and every bin
// sampled on a regular grid of points between pixels, whose mean or maximum is the output.
// https://onnx.ai/onnx/operators/onnx__RoiAlign.html (22).
// A point more than a pixel outside the image is 0. The maximum is taken over the four weighted
// neighbours of every point, as the standard defines it.
#include <algorithm>

#include "ops/ops.h"
#include "ops/roi_regions.h"
#include "ops/widen.h"

namespace insitu {
namespace {

constexpr int64_t kMaxSamplingRatio = 1 << 12;

struct Settings {
  bool max = false, half_pixel = true;
  int64_t sampling_ratio = 0;
  double scale = 1;
};

Result<Settings> ReadSettings(const Node& node) {
  const std::string mode = node.Attr<std::string>("mode", "avg");
  const std::string coordinates =
      node.Attr<std::string>("coordinate_transformation_mode", "half_pixel");
  Settings settings{mode == "max", coordinates == "half_pixel",
                    node.Attr<int64_t>("sampling_ratio", 0), node.Attr<float>("spatial_scale", 1)};
  if ((!settings.max && mode != "avg") ||
      (!settings.half_pixel && coordinates != "output_half_pixel"))
    return Fail(ErrorCode::kInvalidModel,
                "mode '" + mode + "' or coordinate_transformation_mode '" + coordinates +
                    "' of RoiAlign is unknown",
                "Modes are avg and max; coordinates half_pixel and output_half_pixel.");
  if (settings.sampling_ratio < 0 || settings.sampling_ratio > kMaxSamplingRatio)
    return Fail(ErrorCode::kInvalidModel,
                "sampling_ratio is " + std::to_string(settings.sampling_ratio));
  return settings;
}

Result<Shape> OutputShape(const Node& node, const Shape& x, const Shape& rois,
                          const Shape& images) {
  if (rois.size() != 2 || Differ(rois[1], 4) || images.size() != 1 || Differ(images[0], rois[0]))
    return Fail(ErrorCode::kShapeMismatch, "regions of shape " + ToString(rois) +
                                               " and their images of " + ToString(images) +
                                               " are not [count, 4] and [count]");
  return RegionsShape(x, rois[0], node.Attr<int64_t>("output_height", 1),
                      node.Attr<int64_t>("output_width", 1));
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  INSITU_TRY(RequireSameType(context, 0, 1));
  INSITU_TRY(RequireType(context, 2, {DType::kInt64}));
  INSITU_TRY(ReadSettings(context.node()));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape *x = context.shape(0), *rois = context.shape(1), *images = context.shape(2);
  if (!x || !rois || !images) return {};
  INSITU_ASSIGN(Shape shape, OutputShape(context.node(), *x, *rois, *images));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

// A bin along one axis: where its points lie, and which of them are not outside the image.
struct Bin {
  double start = 0, step = 0;
  int64_t points = 0, first = 0, last = 0, extent = 1;

  double At(int64_t i) const { return start + (static_cast<double>(i) + 0.5) * step; }
};

// The region from `begin` on along an axis of `extent`, in `bins` bins; the start is that of bin 0.
Bin BinsOf(const Settings& settings, double begin, double end, int64_t bins, int64_t extent) {
  const double size = settings.half_pixel ? end - begin : std::max(end - begin, 1.0);
  const double bin_size = size / static_cast<double>(bins);
  Bin bin{begin, 0, settings.sampling_ratio, 0, 0, extent};
  if (bin.points == 0) bin.points = std::max<int64_t>(0, static_cast<int64_t>(std::ceil(bin_size)));
  bin.step = bin.points > 0 ? bin_size / static_cast<double>(bin.points) : 0;
  return bin;
}

// Bin number i of them, its points cut to those within a pixel of the image.
Bin BinAt(Bin bin, int64_t i) {
  bin.start += static_cast<double>(i * bin.points) * bin.step;
  const auto limit = static_cast<double>(bin.extent);
  const auto inside = [&](int64_t point) { return bin.At(point) >= -1 && bin.At(point) <= limit; };
  const auto point_at = [&](double place) {
    const double point = (place - bin.start) / bin.step - 0.5;
    return static_cast<int64_t>(std::clamp(point, 0.0, static_cast<double>(bin.points)));
  };
  bin.last = bin.points;
  if (bin.step > 0) {
    bin.first = std::max<int64_t>(0, point_at(-1) - 1);
    bin.last = std::min(bin.points, point_at(limit) + 2);
  }
  while (bin.first < bin.last && !inside(bin.first)) ++bin.first;
  while (bin.last > bin.first && !inside(bin.last - 1)) --bin.last;
  return bin;
}

// The two neighbours of a point along an axis.
struct Neighbours {
  int64_t low, high;
  double low_weight, high_weight;
};

Neighbours NeighboursOf(double place, int64_t extent) {
  place = std::max(place, 0.0);
  const auto low = static_cast<int64_t>(place);
  if (low >= extent - 1) return {extent - 1, extent - 1, 1, 0};
  const double rest = place - static_cast<double>(low);
  return {low, low + 1, 1 - rest, rest};
}

double Pool(const Settings& settings, const Bin& rows, const Bin& columns, const double* image) {
  const int64_t width = columns.extent, points = rows.points * columns.points;
  const int64_t inside = (rows.last - rows.first) * (columns.last - columns.first);
  double sum = 0, most = 0;
  bool any = inside < points;  // points outside are zeros
  for (int64_t i = rows.first; i < rows.last; ++i) {
    const Neighbours y = NeighboursOf(rows.At(i), rows.extent);
    const double *upper = image + y.low * width, *lower = image + y.high * width;
    for (int64_t j = columns.first; j < columns.last; ++j) {
      const Neighbours x = NeighboursOf(columns.At(j), width);
      const double parts[] = {y.low_weight * x.low_weight * upper[x.low],
                              y.low_weight * x.high_weight * upper[x.high],
                              y.high_weight * x.low_weight * lower[x.low],
                              y.high_weight * x.high_weight * lower[x.high]};
      sum += parts[0] + parts[1] + parts[2] + parts[3];
      const double largest = *std::ranges::max_element(parts);
      most = any ? std::max(most, largest) : largest;
      any = true;
    }
  }
  return settings.max ? most : sum / static_cast<double>(std::max<int64_t>(points, 1));
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[0], &rois = context.inputs[1], &images = context.inputs[2];
  INSITU_ASSIGN(const Settings settings, ReadSettings(context.node));
  INSITU_ASSIGN(const Shape shape, OutputShape(context.node, ToShape(x.dims), ToShape(rois.dims),
                                               ToShape(images.dims)));
  INSITU_ASSIGN(Dims dims, DimsOfRun(shape));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  INSITU_ASSIGN(const Tensor wide, Widened(x));
  const int64_t channels = x.dims[1], height = x.dims[2], width = x.dims[3];
  if (height == 0 || width == 0)
    return Fail(ErrorCode::kShapeMismatch,
                "an input of dims " + ToString(x.dims) + " has no pixels to sample");
  const double shift = settings.half_pixel ? 0.5 : 0;
  int64_t to = 0;
  for (int64_t r = 0; r < y.dims[0]; ++r) {
    INSITU_ASSIGN(const int64_t n, ImageOf(r, LoadInteger(images, r), x.dims[0]));
    double corner[4];
    for (int64_t i = 0; i < 4; ++i) {
      INSITU_ASSIGN(corner[i], RegionCoordinate(rois, r * 4 + i, settings.scale));
      corner[i] -= shift;
    }
    const Bin rows = BinsOf(settings, corner[1], corner[3], y.dims[2], height),
              columns = BinsOf(settings, corner[0], corner[2], y.dims[3], width);
    for (int64_t c = 0; c < channels; ++c) {
      const double* image = wide.As<double>().data() + (n * channels + c) * height * width;
      for (int64_t ph = 0; ph < y.dims[2]; ++ph) {
        const Bin row = BinAt(rows, ph);
        for (int64_t pw = 0; pw < y.dims[3]; ++pw, ++to) {
          const double value = Pool(settings, row, BinAt(columns, pw), image);
          StoreElements(&value, 1, y, to);
        }
      }
    }
  }
  return {};
}

constexpr int kSince[] = {10, 16, 22};
constexpr AttrSpec kAttributes[] = {
    {"coordinate_transformation_mode", AttrKind::kString},
    {"mode", AttrKind::kString},
    {"output_height", AttrKind::kInt},
    {"output_width", AttrKind::kInt},
    {"sampling_ratio", AttrKind::kInt},
    {"spatial_scale", AttrKind::kFloat},
};

}  // namespace

const OpDef kRoiAlignOp = {
    .name = "RoiAlign",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend samples at computed places",
};

}  // namespace insitu
