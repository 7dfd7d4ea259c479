// QLinearMatMul: numpy's product of quantized tensors with a quantized result.
// https://onnx.ai/onnx/operators/onnx__QLinearMatMul.html (21)
// Inputs: a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point.
//   acc = sum (a - za) * (b - zb[c]), exact in int32
//   y = clamp(saturate(rint_half_even(float32(acc) * m[c]) + zy)),
//   m[c] = float32(float32(sa * sb[c]) / sy)
// a's scale is per tensor, b's per tensor or per column. The activation, in steps of y, is
// insitu's own.
#include "ops/activation.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/matmul_lowering.h"
#include "ops/matmul_reference.h"
#include "ops/ops.h"
#include "ops/quantization.h"
#include "ops/requantize.h"

namespace insitu {
namespace {

enum Input : size_t { kA, kAScale, kAZero, kB, kBScale, kBZero, kYScale, kYZero };

Status Infer(InferContext& context) {
  INSITU_TRY(CheckByteInput(context, kA, "a"));
  INSITU_TRY(CheckByteInput(context, kB, "b"));
  INSITU_TRY(CheckByteInput(context, kYZero, "y_zero_point"));
  INSITU_TRY(RequireSameType(context, kA, kAZero));
  INSITU_TRY(RequireSameType(context, kB, kBZero));
  INSITU_ASSIGN(std::optional<Shape> shape, MatMulShape(context.shape(kA), context.shape(kB)));
  context.SetOutput(0, context.dtype(kYZero), std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView &a = context.inputs[kA], &b = context.inputs[kB];
  INSITU_ASSIGN(const MatMulGeometry geometry, ReadMatMulGeometry(a.dims, b.dims));
  const MatrixProduct& product = geometry.product;
  INSITU_ASSIGN(const Quantization qa, ReadQuantization(context, kAScale, kAZero, "a"));
  INSITU_ASSIGN(const Quantization qy, ReadQuantization(context, kYScale, kYZero, "y"));
  INSITU_ASSIGN(const ChannelQuantization qb,
                ReadChannelQuantization(context.inputs[kBScale], context.inputs[kBZero],
                                        product.columns, "b"));
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, context.inputs[kYZero].dtype, geometry.y));
  const Clamp clamp = ActivationOf(context.node);
  const auto run = [&]<class A, class B, class Y>(A, B, Y) {
    return ForEachBatch(geometry, [&](int64_t a_at, int64_t b_at, int64_t y_at) -> Status {
      Multiply<int32_t>(
          product, a.As<A>().data() + a_at, [&](int64_t) { return qa.zero_point; },
          b.As<B>().data() + b_at, [&](int64_t column) { return qb.ZeroPointAt(column); },
          [&](int64_t row, int64_t column, std::span<const int32_t> sums) {
            Y* out = y.As<Y>().data() + y_at + row * product.columns + column;
            for (size_t j = 0; j < sums.size(); ++j) {
              const float scale = qb.ScaleAt(column + static_cast<int64_t>(j));
              const float factor = RequantizationFactor(qa.scale, scale, qy.scale);
              out[j] = static_cast<Y>(RoundToRange(static_cast<float>(sums[j]) * factor,
                                                   qy.zero_point, RangeOf<Y>(clamp)));
            }
          });
      return {};
    });
  };
  return DispatchByte(a.dtype, [&](auto ta) {
    return DispatchByte(b.dtype, [&](auto tb) {
      return DispatchByte(y.dtype, [&](auto ty) { return run(ta, tb, ty); });
    });
  });
}

// Both operands computed at run time.
Lowering LowerBatch(const LowerContext& context) {
  lowered::BatchMatMul product;
  product.dtype = context.dtype(kA);
  product.right = context.dtype(kB);
  product.output = context.output_dtype(0);
  INSITU_LOWER(product.a, LowerQuantization(context, kAScale, kAZero));
  INSITU_LOWER(product.b, LowerQuantization(context, kBScale, kBZero));
  INSITU_LOWER(product.y, LowerQuantization(context, kYScale, kYZero));
  product.clamp = ActivationOf(context.node());
  return LoweredNode{std::move(product), {kA, kB}};
}

Lowering Lower(const LowerContext& context) {
  const Tensor* weights = context.constant(kB);
  if (!weights) return LowerBatch(context);
  if (weights->dims().size() != 2) return Refuse("the weights do not have two axes");
  const Shape* a = context.shape(kA);
  if (!a || a->size() < 2) return Refuse("the left operand has fewer than two axes");
  auto packed = TransposedWeights(*weights);
  if (!packed) return Refuse(packed.error());
  lowered::FullyConnected linear;
  linear.input = context.dtype(kA);
  linear.output = context.output_dtype(0);
  linear.weights = *std::move(packed);
  INSITU_LOWER(linear.x, LowerQuantization(context, kAScale, kAZero));
  INSITU_LOWER(linear.y, LowerQuantization(context, kYScale, kYZero));
  INSITU_LOWER(ChannelQuantization w,
               LowerChannelQuantization(context, kBScale, kBZero, linear.weights.dims()[0]));
  linear.w_scale = std::move(w.scale);
  linear.w_zero_point = std::move(w.zero_point);
  linear.clamp = ActivationOf(context.node());
  return LoweredNode{std::move(linear), {kA}};
}

constexpr int kSince[] = {10, 21};

}  // namespace

const OpDef kQLinearMatMulOp = {
    .name = "QLinearMatMul",
    .since = kSince,
    .min_inputs = 8,
    .max_inputs = 8,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
};

}  // namespace insitu
