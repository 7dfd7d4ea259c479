// AveragePool: the sum of every window by the number of its elements: those inside the input, or,
// with count_include_pad, all of the kernel, also where ceil_mode lets it reach behind the padding.
// https://onnx.ai/onnx/operators/onnx__AveragePool.html (22). channels_last is insitu's own.
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/ops.h"
#include "ops/pool_lowering.h"
#include "ops/pool_reference.h"
#include "ops/widen.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  INSITU_ASSIGN(std::optional<Shape> shape, PoolOutputShape(context.node(), context.shape(0)));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

template <class T>
void RunTyped(const PoolGeometry& geometry, const T* x, const TensorView& y, bool include_pad) {
  ForEachWindow(geometry, [&](const Taps& taps, int64_t image, int64_t output) {
    double sum = 0;
    ForEachTap(geometry, taps, image, [&](int64_t offset) { sum += x[offset]; });
    const int64_t count = AveragedCount(geometry, taps, include_pad);
    const double mean = count > 0 ? sum / static_cast<double>(count) : 0.0;
    StoreElements(&mean, 1, y, output);
  });
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const PoolGeometry geometry, ReadPoolGeometry(context.node, x.dims));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, geometry.y_dims));
  const bool include_pad = context.node.Attr<int64_t>("count_include_pad", 0) != 0;
  if (x.dtype == DType::kFloat32) {
    RunTyped(geometry, x.As<float>().data(), y, include_pad);
    return {};
  }
  INSITU_ASSIGN(const Tensor wide, Widened(x));
  RunTyped(geometry, wide.As<double>().data(), y, include_pad);
  return {};
}

Lowering Lower(const LowerContext& context) {
  INSITU_LOWER(lowered::Pool pool, LowerPool(context, lowered::PoolKind::kAverage));
  return LoweredNode{std::move(pool), {0}};
}

constexpr int kSince[] = {1, 7, 10, 11, 19, 22};
constexpr AttrSpec kAttributes[] = {
    {"auto_pad", AttrKind::kString},
    {"ceil_mode", AttrKind::kInt},
    {"count_include_pad", AttrKind::kInt},
    {"dilations", AttrKind::kInts},
    {"kernel_shape", AttrKind::kInts, true},
    {"pads", AttrKind::kInts},
    {"strides", AttrKind::kInts},
};

}  // namespace

const OpDef kAveragePoolOp = {
    .name = "AveragePool",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteSpatial,
};

}  // namespace insitu
