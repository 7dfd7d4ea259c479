// insitu.ConvIntegerToFloat: the convolution of quantized tensors, given in real numbers; what
// com.microsoft.MatMulIntegerToFloat is to MatMulInteger. One of insitu's own operators: passes
// make it of ConvInteger and its scales (fuse_dynamic_quantization.cc) and of a convolution between
// DequantizeLinear and floats (fuse_qdq_to_float.cc).
// Inputs: x, w, x_scale, w_scale, x_zero_point, w_zero_point, bias (float32); w's scale and zero
// point per tensor or per output channel.
//   acc = sum (x - zx) * (w - zw[c]), exact in int32
//   y = clamp(float32(acc) * float32(sx * sw[c]) + bias[c])
#include "ops/activation.h"
#include "ops/conv_lowering.h"
#include "ops/conv_reference.h"
#include "ops/infer_util.h"
#include "ops/integer_lowering.h"
#include "ops/lower_try.h"
#include "ops/ops.h"

namespace insitu {
namespace {

enum Input : size_t { kX, kW, kXScale, kWScale, kXZero, kWZero, kBias };

Status Infer(InferContext& context) {
  INSITU_TRY(CheckByteInput(context, kX, "x"));
  INSITU_TRY(CheckByteInput(context, kW, "w"));
  INSITU_TRY(RequireInputs(context, {kXScale, kWScale, kXZero}));
  INSITU_TRY(RequireSameType(context, kX, kXZero));
  INSITU_TRY(RequireSameType(context, kW, kWZero));
  for (size_t i : {kXScale, kWScale, kBias}) INSITU_TRY(RequireType(context, i, {DType::kFloat32}));
  INSITU_ASSIGN(std::optional<Shape> shape,
                ConvOutputShape(context.node(), context.shape(kX), context.shape(kW)));
  context.SetOutput(0, DType::kFloat32, std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[kX], &w = context.inputs[kW];
  Dims dims;
  INSITU_ASSIGN(const ConvGeometry geometry, ReadConvGeometry(context.node, x.dims, w.dims, dims));
  const int64_t channels = geometry.y.channels;
  INSITU_ASSIGN(const Quantization qx, ReadQuantization(context, kXScale, kXZero, "x"));
  INSITU_ASSIGN(
      const ChannelQuantization qw,
      ReadChannelQuantization(context.inputs[kWScale],
                              context.HasInput(kWZero) ? context.inputs[kWZero] : TensorView{},
                              channels, "w"));
  std::vector<float> bias(static_cast<size_t>(channels), 0.0f);
  if (context.HasInput(kBias)) {
    if (context.inputs[kBias].elements() != channels)
      return Fail(ErrorCode::kShapeMismatch,
                  "the bias has " + std::to_string(context.inputs[kBias].elements()) +
                      " values for " + std::to_string(channels) + " channels");
    std::ranges::copy(context.inputs[kBias].As<float>(), bias.begin());
  }
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, DType::kFloat32, std::move(dims)));
  float* out = y.As<float>().data();
  const int64_t step = geometry.y.stride[2];
  INSITU_TRY(DispatchByte(x.dtype, [&]<class X>(X) {
    return DispatchByte(w.dtype, [&]<class W>(W) -> Status {
      Convolve(
          geometry, x.As<X>().data(), qx.zero_point, w.As<W>().data(),
          [&](int64_t m) { return qw.ZeroPointAt(m); },
          [&](int64_t m, int64_t offset, std::span<const int32_t> sums) {
            const float factor = qx.scale * qw.ScaleAt(m);
            for (size_t i = 0; i < sums.size(); ++i)
              out[offset + static_cast<int64_t>(i) * step] =
                  static_cast<float>(sums[i]) * factor + bias[static_cast<size_t>(m)];
          });
      return {};
    });
  }));
  ApplyActivation(context.node, y);
  return {};
}

Lowering Lower(const LowerContext& context) {
  INSITU_LOWER(lowered::Convolution convolution, LowerConvolution(context, kX, kW));
  const int64_t channels = convolution.weights.dims()[0];
  INSITU_LOWER(ChannelQuantization w, LowerChannelQuantization(context, kWScale, kWZero, channels));
  convolution.w_scale = std::move(w.scale);
  convolution.w_zero_point = std::move(w.zero_point);
  if (context.HasInput(kBias)) {
    const Tensor* bias = context.constant(kBias);
    if (!bias) return Refuse("the bias is computed at run time");
    convolution.bias = *bias;
  }
  convolution.clamp = ActivationOf(context.node());
  return LowerInput(context, std::move(convolution), {.zero_point = kXZero, .scale = kXScale});
}

constexpr int kSince[] = {1};

}  // namespace

const OpDef kConvIntegerToFloatOp = {
    .name = "ConvIntegerToFloat",
    .domain = "insitu",
    .since = kSince,
    .attributes = kConvAttributes,
    .min_inputs = 5,
    .max_inputs = 7,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteSpatial,
};

}  // namespace insitu
