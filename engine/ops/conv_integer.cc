// ConvInteger: the convolution of (x - x_zero_point) with (w - w_zero_point), exact in int32.
// https://onnx.ai/onnx/operators/onnx__ConvInteger.html (10). channels_last is insitu's own.
#include "ops/conv_lowering.h"
#include "ops/conv_reference.h"
#include "ops/infer_util.h"
#include "ops/integer_lowering.h"
#include "ops/lower_try.h"
#include "ops/ops.h"
#include "ops/quantization.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(CheckByteInput(context, 0, "x"));
  INSITU_TRY(CheckByteInput(context, 1, "w"));
  INSITU_TRY(RequireSameType(context, 0, 2));
  INSITU_TRY(RequireSameType(context, 1, 3));
  INSITU_ASSIGN(std::optional<Shape> shape,
                ConvOutputShape(context.node(), context.shape(0), context.shape(1)));
  context.SetOutput(0, DType::kInt32, std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[0], &w = context.inputs[1];
  Dims dims;
  INSITU_ASSIGN(const ConvGeometry geometry, ReadConvGeometry(context.node, x.dims, w.dims, dims));
  INSITU_ASSIGN(const auto x_zero, ReadZeroPoints(context, 2, 1, "x"));
  INSITU_ASSIGN(const auto w_zero, ReadZeroPoints(context, 3, geometry.y.channels, "w"));
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, DType::kInt32, std::move(dims)));
  int32_t* out = y.As<int32_t>().data();
  const int64_t step = geometry.y.stride[2];
  return DispatchByte(x.dtype, [&]<class X>(X) {
    return DispatchByte(w.dtype, [&]<class W>(W) -> Status {
      Convolve(
          geometry, x.As<X>().data(), x_zero[0], w.As<W>().data(),
          [&](int64_t m) { return w_zero[static_cast<size_t>(m)]; },
          [&](int64_t, int64_t offset, std::span<const int32_t> sums) {
            for (size_t i = 0; i < sums.size(); ++i)
              out[offset + static_cast<int64_t>(i) * step] = sums[i];
          });
      return {};
    });
  });
}

Lowering Lower(const LowerContext& context) {
  INSITU_LOWER(lowered::Convolution convolution, LowerConvolution(context, 0, 1));
  INSITU_LOWER(convolution.w_zero_point,
               LowerZeroPoints(context, 3, convolution.weights.dims()[0]));
  return LowerInput(context, std::move(convolution), {.zero_point = 2});
}

constexpr int kSince[] = {10};

}  // namespace

const OpDef kConvIntegerOp = {
    .name = "ConvInteger",
    .since = kSince,
    .attributes = kConvAttributes,
    .min_inputs = 2,
    .max_inputs = 4,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteSpatial,
};

}  // namespace insitu
