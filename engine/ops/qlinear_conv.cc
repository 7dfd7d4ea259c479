// QLinearConv: a convolution of quantized tensors with a quantized result.
// https://onnx.ai/onnx/operators/onnx__QLinearConv.html (10)
// Inputs: x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, bias (int32 in
// steps of x_scale * w_scale[c]).
//   acc = sum (x - zx) * (w - zw[c]) + bias[c], exact in int32
//   y = clamp(saturate(rint_half_even(float32(acc) * m[c]) + zy)),
//   m[c] = float32(float32(sx * sw[c]) / sy)
// Of insitu's own: channels_last, and the fused activation in steps of y.
#include "ops/activation.h"
#include "ops/conv_lowering.h"
#include "ops/conv_reference.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/ops.h"
#include "ops/quantization.h"
#include "ops/requantize.h"

namespace insitu {
namespace {

enum Input : size_t { kX, kXScale, kXZero, kW, kWScale, kWZero, kYScale, kYZero, kBias };

Status Infer(InferContext& context) {
  INSITU_TRY(CheckByteInput(context, kX, "x"));
  INSITU_TRY(CheckByteInput(context, kW, "w"));
  INSITU_TRY(CheckByteInput(context, kYZero, "y_zero_point"));
  INSITU_TRY(RequireSameType(context, kX, kXZero));
  INSITU_TRY(RequireSameType(context, kW, kWZero));
  INSITU_TRY(RequireType(context, kBias, {DType::kInt32}));
  INSITU_ASSIGN(std::optional<Shape> shape,
                ConvOutputShape(context.node(), context.shape(kX), context.shape(kW)));
  context.SetOutput(0, context.dtype(kYZero), std::move(shape));
  return {};
}

struct Operands {
  Quantization x, y;
  ChannelQuantization w;
  std::span<const int32_t> bias;
};

Result<Operands> ReadOperands(const RunContext& context, int64_t channels) {
  Operands operands;
  INSITU_ASSIGN(operands.x, ReadQuantization(context, kXScale, kXZero, "x"));
  INSITU_ASSIGN(operands.y, ReadQuantization(context, kYScale, kYZero, "y"));
  INSITU_ASSIGN(operands.w, ReadChannelQuantization(context.inputs[kWScale], context.inputs[kWZero],
                                                    channels, "w"));
  if (context.HasInput(kBias)) {
    operands.bias = context.inputs[kBias].As<int32_t>();
    if (static_cast<int64_t>(operands.bias.size()) != channels)
      return Fail(ErrorCode::kShapeMismatch,
                  "the bias has " + std::to_string(operands.bias.size()) + " values for " +
                      std::to_string(channels) + " channels");
  }
  return operands;
}

template <class X, class W, class Y>
void RunTyped(const ConvGeometry& geometry, const Operands& operands, QuantizedRange range,
              const X* x, const W* w, Y* y) {
  const int64_t step = geometry.y.stride[2];
  Convolve(
      geometry, x, operands.x.zero_point, w, [&](int64_t m) { return operands.w.ZeroPointAt(m); },
      [&](int64_t m, int64_t offset, std::span<const int32_t> sums) {
        const float factor =
            RequantizationFactor(operands.x.scale, operands.w.ScaleAt(m), operands.y.scale);
        const int32_t bias = operands.bias.empty() ? 0 : operands.bias[static_cast<size_t>(m)];
        for (size_t i = 0; i < sums.size(); ++i) {
          const float value = static_cast<float>(WrappingAdd(sums[i], bias)) * factor;
          y[offset + static_cast<int64_t>(i) * step] =
              static_cast<Y>(RoundToRange(value, operands.y.zero_point, range));
        }
      });
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[kX], &w = context.inputs[kW];
  Dims dims;
  INSITU_ASSIGN(const ConvGeometry geometry, ReadConvGeometry(context.node, x.dims, w.dims, dims));
  INSITU_ASSIGN(const Operands operands, ReadOperands(context, geometry.y.channels));
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, context.inputs[kYZero].dtype, std::move(dims)));
  const Clamp clamp = ActivationOf(context.node);
  return DispatchByte(x.dtype, [&]<class X>(X) {
    return DispatchByte(w.dtype, [&]<class W>(W) {
      return DispatchByte(y.dtype, [&]<class Y>(Y) -> Status {
        RunTyped(geometry, operands, RangeOf<Y>(clamp), x.As<X>().data(), w.As<W>().data(),
                 y.As<Y>().data());
        return {};
      });
    });
  });
}

Lowering Lower(const LowerContext& context) {
  INSITU_LOWER(lowered::Convolution convolution, LowerConvolution(context, kX, kW));
  INSITU_LOWER(convolution.x, LowerQuantization(context, kXScale, kXZero));
  INSITU_LOWER(convolution.y, LowerQuantization(context, kYScale, kYZero));
  INSITU_LOWER(ChannelQuantization w,
               LowerChannelQuantization(context, kWScale, kWZero, convolution.weights.dims()[0]));
  convolution.w_scale = std::move(w.scale);
  convolution.w_zero_point = std::move(w.zero_point);
  if (context.HasInput(kBias)) {
    const Tensor* bias = context.constant(kBias);
    if (!bias) return Refuse("the bias is computed at run time");
    convolution.bias = *bias;
  }
  convolution.clamp = ActivationOf(context.node());
  return LoweredNode{std::move(convolution), {kX}};
}

constexpr int kSince[] = {10};

}  // namespace

const OpDef kQLinearConvOp = {
    .name = "QLinearConv",
    .since = kSince,
    .attributes = kConvAttributes,
    .min_inputs = 8,
    .max_inputs = 9,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteSpatial,
};

}  // namespace insitu
