// com.microsoft.MatMulIntegerToFloat: the product of two quantized tensors, given in real numbers.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulIntegerToFloat
// Inputs: a, b, a_scale, b_scale, a_zero_point, b_zero_point, bias; b's scale and zero point per
// tensor or per column.
//   acc = sum (a - za) * (b - zb[c]), exact in int32
//   y = clamp(float32(acc) * float32(sa * sb[c]) + bias[c])
// The activation is insitu's own.
#include "ops/activation.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/integer_lowering.h"
#include "ops/lower_try.h"
#include "ops/matmul_lowering.h"
#include "ops/matmul_reference.h"
#include "ops/ops.h"
#include "ops/quantization.h"

namespace insitu {
namespace {

enum Input : size_t { kA, kB, kAScale, kBScale, kAZero, kBZero, kBias };

Status Infer(InferContext& context) {
  INSITU_TRY(CheckByteInput(context, kA, "a"));
  INSITU_TRY(CheckByteInput(context, kB, "b"));
  INSITU_TRY(RequireSameType(context, kA, kAZero));
  INSITU_TRY(RequireSameType(context, kB, kBZero));
  INSITU_TRY(RequireType(context, kAScale, {DType::kFloat32, DType::kFloat16}));
  INSITU_TRY(RequireSameType(context, kAScale, kBScale));
  INSITU_TRY(RequireSameType(context, kAScale, kBias));
  INSITU_ASSIGN(std::optional<Shape> shape, MatMulShape(context.shape(kA), context.shape(kB)));
  context.SetOutput(0, context.dtype(kAScale), std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView &a = context.inputs[kA], &b = context.inputs[kB];
  INSITU_ASSIGN(const MatMulGeometry geometry, ReadMatMulGeometry(a.dims, b.dims));
  const MatrixProduct& product = geometry.product;
  INSITU_ASSIGN(const Quantization qa, ReadQuantization(context, kAScale, kAZero, "a"));
  INSITU_ASSIGN(
      const ChannelQuantization qb,
      ReadChannelQuantization(context.inputs[kBScale],
                              context.HasInput(kBZero) ? context.inputs[kBZero] : TensorView{},
                              product.columns, "b"));
  const TensorView* bias = context.HasInput(kBias) ? &context.inputs[kBias] : nullptr;
  if (bias && bias->elements() != product.columns)
    return Fail(ErrorCode::kShapeMismatch, "the bias has " + std::to_string(bias->elements()) +
                                               " values for " + std::to_string(product.columns) +
                                               " columns");
  INSITU_ASSIGN(const TensorView y,
                RunOutput(context, 0, context.inputs[kAScale].dtype, geometry.y));
  double results[kMatMulRow], biases[kMatMulRow] = {};
  INSITU_TRY(DispatchByte(a.dtype, [&]<class A>(A) {
    return DispatchByte(b.dtype, [&]<class B>(B) {
      return ForEachBatch(geometry, [&](int64_t a_at, int64_t b_at, int64_t y_at) -> Status {
        Multiply<int32_t>(
            product, a.As<A>().data() + a_at, [&](int64_t) { return qa.zero_point; },
            b.As<B>().data() + b_at, [&](int64_t column) { return qb.ZeroPointAt(column); },
            [&](int64_t row, int64_t first, std::span<const int32_t> sums) {
              const auto count = static_cast<int64_t>(sums.size());
              if (bias) LoadElements(*bias, first, 1, count, biases);
              for (int64_t j = 0; j < count; ++j) {
                const float factor = qa.scale * qb.ScaleAt(first + j);
                results[j] = static_cast<float>(sums[static_cast<size_t>(j)]) * factor +
                             static_cast<float>(biases[j]);
              }
              StoreElements(results, count, y, y_at + row * product.columns + first);
            });
        return {};
      });
    });
  }));
  ApplyActivation(context.node, y);
  return {};
}

Lowering Lower(const LowerContext& context) {
  INSITU_LOWER(const Tensor* weights, MatrixWeights(context, kA, kB));
  lowered::FullyConnected linear;
  linear.input = context.dtype(kA);
  linear.output = context.output_dtype(0);
  auto packed = TransposedWeights(*weights);
  if (!packed) return Refuse(packed.error());
  linear.weights = *std::move(packed);
  const int64_t columns = linear.weights.dims()[0];
  INSITU_LOWER(ChannelQuantization w, LowerChannelQuantization(context, kBScale, kBZero, columns));
  linear.w_scale = std::move(w.scale);
  linear.w_zero_point = std::move(w.zero_point);
  if (context.HasInput(kBias)) {
    INSITU_LOWER(linear.bias, ColumnBias(context.constant(kBias), columns));
  }
  linear.clamp = ActivationOf(context.node());
  return LowerInput(context, std::move(linear), {.zero_point = kAZero, .scale = kAScale});
}

constexpr int kSince[] = {1};

}  // namespace

const OpDef kMatMulIntegerToFloatOp = {
    .name = "MatMulIntegerToFloat",
    .domain = "com.microsoft",
    .since = kSince,
    .min_inputs = 4,
    .max_inputs = 7,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
};

}  // namespace insitu
