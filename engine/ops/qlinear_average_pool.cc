// com.microsoft.QLinearAveragePool: the mean of every window of a quantized tensor.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
// Inputs: x, x_scale, x_zero_point, y_scale, y_zero_point (omitted: 0).
//   sum = sum (x - zx) over the taps inside, exact in int32
//   y = clamp(saturate(rint_half_even(float32(sum) * m) + zy)),
//   m = float32(float32(sx / sy) * float32(1 / float32(n))), n as AveragePool counts
// This is DequantizeLinear, AveragePool and QuantizeLinear up to the rounding of m. The activation,
// in steps of y, is insitu's own; channels_last is the operator's.
#include "ops/activation.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/ops.h"
#include "ops/pool_lowering.h"
#include "ops/pool_reference.h"
#include "ops/quantization.h"
#include "ops/quantized_mean.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(CheckQuantizedPool(context));
  INSITU_ASSIGN(std::optional<Shape> shape, PoolOutputShape(context.node(), context.shape(0)));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const PoolGeometry geometry, ReadPoolGeometry(context.node, x.dims));
  INSITU_ASSIGN(const Quantization qx, ReadQuantization(context, 1, 2, "x"));
  INSITU_ASSIGN(const Quantization qy, ReadQuantization(context, 3, 4, "y"));
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, x.dtype, geometry.y_dims));
  const bool include_pad = context.node.Attr<int64_t>("count_include_pad", 0) != 0;
  const Clamp clamp = ActivationOf(context.node);
  return DispatchByte(x.dtype, [&]<class T>(T) -> Status {
    const T* data = x.As<T>().data();
    const QuantizedRange range = RangeOf<T>(clamp);
    ForEachWindow(geometry, [&](const Taps& taps, int64_t image, int64_t output) {
      int32_t sum = 0;
      ForEachTap(geometry, taps, image,
                 [&](int64_t offset) { sum = WrappingAdd(sum, data[offset] - qx.zero_point); });
      const int64_t count = AveragedCount(geometry, taps, include_pad);
      y.As<T>()[static_cast<size_t>(output)] =
          static_cast<T>(QuantizedMean(sum, count, qx, qy, range));
    });
    return {};
  });
}

Lowering Lower(const LowerContext& context) {
  INSITU_LOWER(lowered::Pool pool, LowerPool(context, lowered::PoolKind::kAverage));
  INSITU_LOWER(pool.x, LowerQuantization(context, 1, 2));
  INSITU_LOWER(pool.y, LowerQuantization(context, 3, 4));
  return LoweredNode{std::move(pool), {0}};
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {
    {"auto_pad", AttrKind::kString},   {"ceil_mode", AttrKind::kInt},
    {"channels_last", AttrKind::kInt}, {"count_include_pad", AttrKind::kInt},
    {"dilations", AttrKind::kInts},    {"kernel_shape", AttrKind::kInts, true},
    {"pads", AttrKind::kInts},         {"strides", AttrKind::kInts},
};

}  // namespace

const OpDef kQLinearAveragePoolOp = {
    .name = "QLinearAveragePool",
    .domain = "com.microsoft",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 5,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteSpatial,
};

}  // namespace insitu
