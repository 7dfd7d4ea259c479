// com.microsoft.QLinearGlobalAveragePool: the mean over all spatial axes of a quantized tensor.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
// Inputs: x, x_scale, x_zero_point, y_scale, y_zero_point (omitted: 0).
//   sum = sum (x - zx), exact in int32
//   y = clamp(saturate(rint_half_even(float32(sum) * m) + zy)),
//   m = float32(float32(sx / sy) * float32(1 / float32(n))), n elements
// This is DequantizeLinear, mean and QuantizeLinear up to the rounding of m. The activation, in
// steps of y, is insitu's own; channels_last is the operator's.
#include "ops/activation.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/ops.h"
#include "ops/pool_lowering.h"
#include "ops/quantization.h"
#include "ops/quantized_mean.h"
#include "ops/spatial.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(CheckQuantizedPool(context));
  INSITU_ASSIGN(std::optional<Shape> shape,
                GlobalPoolOutputShape(context.node(), context.shape(0)));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  const Shape x_shape = ToShape(x.dims);
  INSITU_ASSIGN(const std::optional<Shape> shape, GlobalPoolOutputShape(context.node, &x_shape));
  INSITU_ASSIGN(const Quantization qx, ReadQuantization(context, 1, 2, "x"));
  INSITU_ASSIGN(const Quantization qy, ReadQuantization(context, 3, 4, "y"));
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, x.dtype, KnownDims(*shape).value()));
  const SpatialView view = MakeSpatialView(x.dims, IsChannelsLast(context.node));
  const int64_t count = view.extent[0] * view.extent[1] * view.extent[2];
  const Clamp clamp = ActivationOf(context.node);
  return DispatchByte(x.dtype, [&]<class T>(T) -> Status {
    const T* data = x.As<T>().data();
    const QuantizedRange range = RangeOf<T>(clamp);
    for (int64_t n = 0; n < view.batch; ++n)
      for (int64_t c = 0; c < view.channels; ++c) {
        int32_t sum = 0;
        for (int64_t d = 0; d < view.extent[0]; ++d)
          for (int64_t h = 0; h < view.extent[1]; ++h)
            for (int64_t w = 0; w < view.extent[2]; ++w)
              sum = WrappingAdd(sum, data[view.Offset(n, c, d, h, w)] - qx.zero_point);
        y.As<T>()[static_cast<size_t>(n * view.channels + c)] =
            static_cast<T>(QuantizedMean(sum, count, qx, qy, range));
      }
    return {};
  });
}

Lowering Lower(const LowerContext& context) {
  INSITU_LOWER(lowered::Pool pool, LowerGlobalPool(context, lowered::PoolKind::kGlobalAverage));
  INSITU_LOWER(pool.x, LowerQuantization(context, 1, 2));
  INSITU_LOWER(pool.y, LowerQuantization(context, 3, 4));
  return LoweredNode{std::move(pool), {0}};
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"channels_last", AttrKind::kInt}};

}  // namespace

const OpDef kQLinearGlobalAveragePoolOp = {
    .name = "QLinearGlobalAveragePool",
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
