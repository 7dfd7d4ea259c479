// LpPool: the p-norm of every window, (sum |x|^p)^(1/p); GlobalLpPool: of all spatial axes, which
// become 1. https://onnx.ai/onnx/operators/onnx__LpPool.html (22), onnx__GlobalLpPool.html (22).
// Padding counts as zeros. channels_last is insitu's own.
#include <cmath>

#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/pool_reference.h"
#include "ops/widen.h"

namespace insitu {
namespace {

Result<double> Exponent(const Node& node) {
  const auto p = node.Attr<int64_t>("p", 2);
  if (p >= 1) return static_cast<double>(p);
  return Fail(ErrorCode::kInvalidModel, "p is " + std::to_string(p) + ", but must be at least 1");
}

using OutputShape = Result<std::optional<Shape>> (*)(const Node&, const Shape*);

template <OutputShape kShape>
Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  INSITU_TRY(Exponent(context.node()));
  INSITU_ASSIGN(std::optional<Shape> shape, kShape(context.node(), context.shape(0)));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

// The window that covers everything.
Result<PoolGeometry> GlobalGeometry(const Node& node, std::span<const int64_t> x_dims) {
  const Shape x_shape = ToShape(x_dims);
  INSITU_ASSIGN(const std::optional<Shape> y_shape, GlobalPoolOutputShape(node, &x_shape));
  PoolGeometry geometry;
  INSITU_ASSIGN(geometry.y_dims, DimsOfRun(*y_shape));
  geometry.x = MakeSpatialView(x_dims, IsChannelsLast(node));
  geometry.y = MakeSpatialView(geometry.y_dims, IsChannelsLast(node));
  std::copy_n(geometry.x.extent, kSlots, geometry.window.kernel);
  return geometry;
}

Status RunWindows(RunContext& context, const PoolGeometry& geometry) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const double p, Exponent(context.node));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, geometry.y_dims));
  INSITU_ASSIGN(const Tensor wide, Widened(x));
  const double* data = wide.As<double>().data();
  ForEachWindow(geometry, [&](const Taps& taps, int64_t image, int64_t output) {
    double sum = 0;
    ForEachTap(geometry, taps, image, [&](int64_t offset) {
      const double size = std::fabs(data[offset]);
      sum += p == 2 ? size * size : std::pow(size, p);
    });
    const double norm = p == 2 ? std::sqrt(sum) : std::pow(sum, 1 / p);
    StoreElements(&norm, 1, y, output);
  });
  return {};
}

Status Run(RunContext& context) {
  INSITU_ASSIGN(const PoolGeometry geometry,
                ReadPoolGeometry(context.node, context.inputs[0].dims));
  return RunWindows(context, geometry);
}

Status RunGlobal(RunContext& context) {
  INSITU_ASSIGN(const PoolGeometry geometry, GlobalGeometry(context.node, context.inputs[0].dims));
  return RunWindows(context, geometry);
}

constexpr int kSince[] = {1, 2, 11, 18, 22}, kGlobalSince[] = {1, 2, 22};
constexpr AttrSpec kAttributes[] = {
    {"auto_pad", AttrKind::kString}, {"ceil_mode", AttrKind::kInt},
    {"dilations", AttrKind::kInts},  {"kernel_shape", AttrKind::kInts, true},
    {"p", AttrKind::kInt},           {"pads", AttrKind::kInts},
    {"strides", AttrKind::kInts},
};
constexpr AttrSpec kGlobalAttributes[] = {{"p", AttrKind::kInt}};
constexpr std::string_view kNoLowering = "no backend has norms of windows";

}  // namespace

const OpDef kLpPoolOp = {
    .name = "LpPool",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer<PoolOutputShape>,
    .run = Run,
    .no_lowering = kNoLowering,
    .commute = CommuteSpatial,
};

const OpDef kGlobalLpPoolOp = {
    .name = "GlobalLpPool",
    .since = kGlobalSince,
    .attributes = kGlobalAttributes,
    .infer = Infer<GlobalPoolOutputShape>,
    .run = RunGlobal,
    .no_lowering = kNoLowering,
    .commute = CommuteSpatial,
};

}  // namespace insitu
