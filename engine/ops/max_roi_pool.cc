// MaxRoiPool: the maximum of every bin of regions [image, x1, y1, x2, y2] of x [N, C, H, W].
// https://onnx.ai/onnx/operators/onnx__MaxRoiPool.html (22).
// Corners are scaled and rounded to pixels, both inclusive; bin i of n covers
// [floor(i * size / n), ceil((i + 1) * size / n)) of the region, cut to the image. Empty ones give
// 0.
#include <algorithm>

#include "ops/ops.h"
#include "ops/roi_regions.h"
#include "ops/widen.h"

namespace insitu {
namespace {

Result<Shape> OutputShape(const Node& node, const Shape& x, const Shape& rois) {
  const auto pooled = node.Attr<std::vector<int64_t>>("pooled_shape", {});
  if (pooled.size() != 2)
    return Fail(ErrorCode::kInvalidModel, "pooled_shape must be a height and a width");
  if (rois.size() != 2 || Differ(rois[1], 5))
    return Fail(ErrorCode::kShapeMismatch,
                "regions of shape " + ToString(rois) + " are not [count, 5]");
  return RegionsShape(x, rois[0], pooled[0], pooled[1]);
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  INSITU_TRY(RequireSameType(context, 0, 1));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape *x = context.shape(0), *rois = context.shape(1);
  if (!x || !rois) return {};
  INSITU_ASSIGN(Shape shape, OutputShape(context.node(), *x, *rois));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

struct Interval {
  int64_t begin, end;
};

// Bin `i` of `bins` of the pixels [first, last], cut to an axis of `extent`.
Interval BinOf(int64_t i, int64_t bins, int64_t first, int64_t last, int64_t extent) {
  const double size =
      static_cast<double>(std::max<int64_t>(last - first + 1, 1)) / static_cast<double>(bins);
  const auto at = [&](double offset) {
    return std::clamp<int64_t>(first + static_cast<int64_t>(offset), 0, extent);
  };
  return {at(std::floor(static_cast<double>(i) * size)),
          at(std::ceil(static_cast<double>(i + 1) * size))};
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[0], &rois = context.inputs[1];
  INSITU_ASSIGN(const Shape shape, OutputShape(context.node, ToShape(x.dims), ToShape(rois.dims)));
  INSITU_ASSIGN(Dims dims, DimsOfRun(shape));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  INSITU_ASSIGN(const Tensor wide, Widened(x));
  const double scale = context.node.Attr<float>("spatial_scale", 1);
  const int64_t channels = x.dims[1], height = x.dims[2], width = x.dims[3];
  int64_t to = 0;
  for (int64_t r = 0; r < y.dims[0]; ++r) {
    INSITU_ASSIGN(const int64_t n, ImageOf(r, LoadInteger(rois, r * 5), x.dims[0]));
    int64_t corner[4];
    for (int64_t i = 0; i < 4; ++i) {
      INSITU_ASSIGN(const double value, RegionCoordinate(rois, r * 5 + 1 + i, scale));
      corner[i] = std::llround(value);
    }
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t ph = 0; ph < y.dims[2]; ++ph)
        for (int64_t pw = 0; pw < y.dims[3]; ++pw, ++to) {
          const Interval rows = BinOf(ph, y.dims[2], corner[1], corner[3], height),
                         columns = BinOf(pw, y.dims[3], corner[0], corner[2], width);
          const double* image = wide.As<double>().data() + (n * channels + c) * height * width;
          const bool empty = rows.end <= rows.begin || columns.end <= columns.begin;
          double best = empty ? 0 : image[rows.begin * width + columns.begin];
          for (int64_t h = rows.begin; h < rows.end; ++h)
            for (int64_t w = columns.begin; w < columns.end; ++w)
              best = std::max(best, image[h * width + w]);
          StoreElements(&best, 1, y, to);
        }
  }
  return {};
}

constexpr int kSince[] = {1, 22};
constexpr AttrSpec kAttributes[] = {{"pooled_shape", AttrKind::kInts, true},
                                    {"spatial_scale", AttrKind::kFloat}};

}  // namespace

const OpDef kMaxRoiPoolOp = {
    .name = "MaxRoiPool",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend pools regions",
};

}  // namespace insitu
