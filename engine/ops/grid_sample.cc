// GridSample: the input [N, C, spatial...] read at the positions of a grid [N, spatial out...,
// rank], which holds coordinates in [-1, 1], the last spatial axis first. One to three spatial
// axes. https://onnx.ai/onnx/operators/onnx__GridSample.html (22). Coordinates are computed in the
// type of the grid, as rounding to the nearest depends on it.
#include <cmath>

#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/sampling.h"
#include "ops/widen.h"

namespace insitu {
namespace {

enum class Mode : uint8_t { kNearest, kLinear, kCubic };
enum class Padding : uint8_t { kZeros, kBorder, kReflection };

struct Settings {
  Mode mode = Mode::kLinear;
  Padding padding = Padding::kZeros;
  bool align_corners = false;
};

Result<Settings> ReadSettings(const Node& node) {
  Settings settings;
  const std::string mode = node.Attr<std::string>("mode", "linear");
  const std::string padding = node.Attr<std::string>("padding_mode", "zeros");
  if (mode == "nearest") settings.mode = Mode::kNearest;
  if (mode == "cubic") settings.mode = Mode::kCubic;
  if (padding == "border") settings.padding = Padding::kBorder;
  if (padding == "reflection") settings.padding = Padding::kReflection;
  settings.align_corners = node.Attr<int64_t>("align_corners", 0) != 0;
  if ((mode == "linear") != (settings.mode == Mode::kLinear) ||
      (padding == "zeros") != (settings.padding == Padding::kZeros))
    return Fail(ErrorCode::kInvalidModel,
                "mode '" + mode + "' or padding_mode '" + padding + "' of GridSample is unknown",
                "Modes are linear, nearest and cubic; paddings zeros, border and reflection.");
  return settings;
}

Result<Shape> OutputShape(const Shape& x, const Shape& grid) {
  const size_t rank = x.size();
  if (rank < 3 || rank > 2 + kSlots || grid.size() != rank || Differ(x[0], grid[0]) ||
      Differ(grid[rank - 1], static_cast<int64_t>(rank) - 2))
    return Fail(ErrorCode::kShapeMismatch,
                "a grid of shape " + ToString(grid) + " does not fit an input of shape " +
                    ToString(x) + ": it must be [N, output extents, number of spatial axes]");
  Shape shape = {x[0], x[1]};
  shape.insert(shape.end(), grid.begin() + 1, grid.end() - 1);
  return shape;
}

Status Infer(InferContext& context) {
  INSITU_ASSIGN(const Settings settings, ReadSettings(context.node()));
  const bool copies = settings.mode == Mode::kNearest;
  INSITU_TRY(RequireType(context, 0, copies ? kAllTypes : kNumericTypes));
  INSITU_TRY(RequireType(context, 1, kFloatTypes));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape *x = context.shape(0), *grid = context.shape(1);
  if (!x || !grid) return {};
  INSITU_ASSIGN(Shape shape, OutputShape(*x, *grid));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

// x mirrored at both borders until it lies between them.
double Reflect(double x, double low, double high) {
  const double range = high - low;
  if (!(range > 0)) return low;
  const double rest = std::fmod(std::fabs(x - low), 2 * range);
  return low + (rest <= range ? rest : 2 * range - rest);
}

// The position along an axis that a grid coordinate means, before padding.
template <class T>
double Position(T coordinate, int64_t extent, const Settings& settings) {
  const T x = settings.align_corners ? (coordinate + 1) / 2 * static_cast<T>(extent - 1)
                                     : ((coordinate + 1) * static_cast<T>(extent) - 1) / 2;
  return settings.mode == Mode::kNearest ? std::rint(x) : x;
}

SampleTaps TapsAt(double x, int64_t extent, int64_t stride, const Settings& settings) {
  const auto last = static_cast<double>(extent - 1);
  const double low = settings.align_corners ? 0 : -0.5,
               high = settings.align_corners ? last : last + 0.5;
  if (settings.padding == Padding::kBorder && !(x >= low && x <= high))
    x = std::clamp(x, 0.0, last);
  if (settings.padding == Padding::kReflection && !(x >= low && x <= high))
    x = Reflect(x, low, high);
  if (!(x > -4)) x = -4;  // from where no tap lies inside
  x = std::min(x, last + 4);
  const double floor = std::floor(x), t = x - floor;
  SampleTaps taps;
  int64_t first = static_cast<int64_t>(floor);
  if (settings.mode == Mode::kLinear) {
    taps = {2, {}, {1 - t, t, 0, 0}};
  } else if (settings.mode == Mode::kCubic) {
    constexpr double a = -0.75;
    const auto far = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
    const auto near = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
    taps = {4, {}, {far(1 + t), near(t), near(1 - t), far(2 - t)}};
    --first;
  }
  for (int i = 0; i < taps.count; ++i) {
    int64_t at = first + i;
    if (settings.padding == Padding::kReflection)
      at = static_cast<int64_t>(Reflect(static_cast<double>(at), low, high));
    if (settings.padding != Padding::kZeros) at = std::clamp<int64_t>(at, 0, extent - 1);
    taps.offset[i] = at >= 0 && at < extent ? at * stride : kOutside;
  }
  return taps;
}

// The offset of the first taps; kOutside unless all of them lie inside.
int64_t NearestOffset(const SampleTaps (&taps)[kSlots]) {
  int64_t sum = 0;
  for (const SampleTaps& axis : taps) {
    if (axis.offset[0] == kOutside) return kOutside;
    sum += axis.offset[0];
  }
  return sum;
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[0], &grid = context.inputs[1];
  INSITU_ASSIGN(const Settings settings, ReadSettings(context.node));
  INSITU_ASSIGN(const Shape shape, OutputShape(ToShape(x.dims), ToShape(grid.dims)));
  INSITU_ASSIGN(Dims dims, DimsOfRun(shape));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  const size_t rank = x.dims.size() - 2;
  const SpatialView view = MakeSpatialView(x.dims, false);
  const int64_t points = ElementsUnchecked(std::span(y.dims).subspan(2));
  if (y.elements() == 0) return {};
  if (x.elements() == 0)
    return Fail(ErrorCode::kShapeMismatch,
                "an input of shape " + ToString(x.dims) + " has no elements to sample");
  const bool copies = settings.mode == Mode::kNearest;
  Tensor wide;
  if (copies) {
    if (x.dtype != DType::kString) std::fill_n(y.data, y.size_bytes(), std::byte{0});
  } else {
    INSITU_ASSIGN(wide, Widened(x));
  }
  SampleTaps taps[kSlots];
  double point[kSlots];
  for (int64_t n = 0; n < view.batch; ++n)
    for (int64_t p = 0; p < points; ++p) {
      LoadElements(grid, (n * points + p) * static_cast<int64_t>(rank), 1,
                   static_cast<int64_t>(rank), point);
      for (size_t i = 0; i < rank; ++i) {
        const size_t slot = kSlots - 1 - i;
        const int64_t extent = view.extent[slot];
        const double position = grid.dtype == DType::kFloat64
                                    ? Position(point[i], extent, settings)
                                    : Position(static_cast<float>(point[i]), extent, settings);
        taps[slot] = TapsAt(position, extent, view.stride[slot], settings);
      }
      for (int64_t c = 0; c < view.channels; ++c) {
        const int64_t image = view.Offset(n, c, 0, 0, 0);
        const int64_t to = (n * view.channels + c) * points + p;
        if (copies) {
          const int64_t from = NearestOffset(taps);
          if (from != kOutside) CopyElements(x, image + from, y, to, 1);
        } else {
          const double value = Interpolate(wide.As<double>().data() + image, taps);
          StoreElements(&value, 1, y, to);
        }
      }
    }
  return {};
}

constexpr int kSince[] = {16, 20, 22};
constexpr AttrSpec kAttributes[] = {{"align_corners", AttrKind::kInt},
                                    {"mode", AttrKind::kString},
                                    {"padding_mode", AttrKind::kString}};

}  // namespace

const OpDef kGridSampleOp = {
    .name = "GridSample",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend samples at computed places",
};

}  // namespace insitu
