// Conv: cross-correlation of x [N, C, ...] with weights [M, C/group, ...] and a bias per channel.
// https://onnx.ai/onnx/operators/onnx__Conv.html (22). Attributes of insitu's own: channels_last
// (x and y are [N, ..., C]; the weights stay as they are) and the fused activation.
#include "ops/activation.h"
#include "ops/conv_lowering.h"
#include "ops/conv_reference.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/ops.h"
#include "ops/widen.h"

namespace insitu {
namespace {

Status CheckBias(const Shape* bias, const Shape* w) {
  if (!bias) return {};
  const Dim* filters = w && !w->empty() ? &(*w)[0] : nullptr;
  if (bias->size() == 1 &&
      (!filters || !filters->IsKnown() || !(*bias)[0].IsKnown() || (*bias)[0] == *filters))
    return {};
  return Fail(ErrorCode::kShapeMismatch,
              "the bias has shape " + ToString(*bias) + "; one value per output channel is needed");
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  INSITU_TRY(RequireSameType(context, 0, 1));
  INSITU_TRY(RequireSameType(context, 0, 2));
  INSITU_TRY(CheckBias(context.shape(2), context.shape(1)));
  INSITU_ASSIGN(std::optional<Shape> shape,
                ConvOutputShape(context.node(), context.shape(0), context.shape(1)));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

template <class T>
void RunTyped(const ConvGeometry& geometry, const T* x, const T* w, const TensorView* bias,
              const TensorView& y) {
  const auto no_zero = [](int64_t) { return 0.0; };
  Convolve(geometry, x, 0.0, w, no_zero, [&](int64_t m, int64_t offset, std::span<double> sums) {
    const double add = bias ? LoadReal(*bias, m) : 0.0;
    for (double& sum : sums) sum += add;
    StoreElements(sums.data(), static_cast<int64_t>(sums.size()), y, offset, geometry.y.stride[2]);
  });
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[0], &w = context.inputs[1];
  Dims dims;
  INSITU_ASSIGN(const ConvGeometry geometry, ReadConvGeometry(context.node, x.dims, w.dims, dims));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  const TensorView* bias = context.HasInput(2) ? &context.inputs[2] : nullptr;
  if (bias && bias->elements() != geometry.y.channels)
    return Fail(ErrorCode::kShapeMismatch, "the bias has " + std::to_string(bias->elements()) +
                                               " values for " +
                                               std::to_string(geometry.y.channels) + " channels");
  if (x.dtype == DType::kFloat32) {
    RunTyped(geometry, x.As<float>().data(), w.As<float>().data(), bias, y);
  } else {
    INSITU_ASSIGN(const Tensor wide_x, Widened(x));
    INSITU_ASSIGN(const Tensor wide_w, Widened(w));
    RunTyped(geometry, wide_x.As<double>().data(), wide_w.As<double>().data(), bias, y);
  }
  ApplyActivation(context.node, y);
  return {};
}

Lowering Lower(const LowerContext& context) {
  if (context.dtype(0) != DType::kFloat32) return Refuse("only float32 is lowered");
  INSITU_LOWER(lowered::Convolution convolution, LowerConvolution(context, 0, 1));
  if (context.HasInput(2)) {
    const Tensor* bias = context.constant(2);
    if (!bias) return Refuse("the bias is computed at run time");
    convolution.bias = *bias;
  }
  convolution.clamp = ActivationOf(context.node());
  return LoweredNode{std::move(convolution), {0}};
}

constexpr int kSince[] = {1, 11, 22};

}  // namespace

const OpDef kConvOp = {
    .name = "Conv",
    .since = kSince,
    .attributes = kConvAttributes,
    .min_inputs = 2,
    .max_inputs = 3,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteSpatial,
};

}  // namespace insitu
