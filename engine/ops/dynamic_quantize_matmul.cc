// com.microsoft.DynamicQuantizeMatMul: a float layer whose input is quantized by its own range.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.DynamicQuantizeMatMul
// Inputs: A (float), B (uint8 or int8), b_scale, b_zero_point, bias (float); scales of B per tensor
// or per column.
//   (q, sa, za) = DynamicQuantizeLinear(A)
//   acc = sum (q - za) * (b - zb[c]), exact in int32
//   y = clamp(float32(acc) * float32(sa * sb[c]) + bias[c])
// The activation is insitu's own.
#include "ops/activation.h"
#include "ops/dynamic_range.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/matmul_lowering.h"
#include "ops/matmul_reference.h"
#include "ops/ops.h"
#include "ops/quantization.h"

namespace insitu {
namespace {

enum Input : size_t { kA, kB, kBScale, kBZero, kBias };

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, kA, {DType::kFloat32}));
  INSITU_TRY(CheckByteInput(context, kB, "B"));
  INSITU_TRY(RequireSameType(context, kB, kBZero));
  INSITU_TRY(RequireType(context, kBias, {DType::kFloat32}));
  INSITU_ASSIGN(std::optional<Shape> shape, MatMulShape(context.shape(kA), context.shape(kB)));
  const Shape* bias = context.shape(kBias);
  if (bias && shape && !shape->empty() && bias->size() == 1 && (*bias)[0].IsKnown() &&
      shape->back().IsKnown() && !((*bias)[0] == shape->back()))
    return Fail(ErrorCode::kShapeMismatch, "the bias " + context.Describe(kBias) +
                                               " does not fit an output of shape " +
                                               ToString(*shape));
  context.SetOutput(0, DType::kFloat32, std::move(shape));
  return {};
}

Result<Tensor> Quantized(std::span<const float> x, const Dims& dims, const Quantization& range) {
  INSITU_ASSIGN(Tensor q, Tensor::Allocate(DType::kUint8, dims));
  const auto out = q.As<uint8_t>();
  for (size_t i = 0; i < x.size(); ++i)
    out[i] = static_cast<uint8_t>(
        RoundToRange(x[i] / range.scale, range.zero_point, RangeOf<uint8_t>({})));
  return q;
}

Status Run(RunContext& context) {
  const TensorView &a = context.inputs[kA], &b = context.inputs[kB];
  INSITU_ASSIGN(const MatMulGeometry geometry, ReadMatMulGeometry(a.dims, b.dims));
  const MatrixProduct& product = geometry.product;
  INSITU_ASSIGN(
      const ChannelQuantization qb,
      ReadChannelQuantization(context.inputs[kBScale],
                              context.HasInput(kBZero) ? context.inputs[kBZero] : TensorView{},
                              product.columns, "B"));
  std::span<const float> bias;
  if (context.HasInput(kBias)) bias = context.inputs[kBias].As<float>();
  if (!bias.empty() && static_cast<int64_t>(bias.size()) != product.columns)
    return Fail(ErrorCode::kShapeMismatch, "the bias has " + std::to_string(bias.size()) +
                                               " values for " + std::to_string(product.columns) +
                                               " columns");
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, DType::kFloat32, geometry.y));
  const Quantization range = DynamicRange(a.As<float>());
  INSITU_ASSIGN(const Tensor q, Quantized(a.As<float>(), a.dims, range));
  INSITU_TRY(DispatchByte(b.dtype, [&]<class B>(B) {
    return ForEachBatch(geometry, [&](int64_t a_at, int64_t b_at, int64_t y_at) -> Status {
      Multiply<int32_t>(
          product, q.As<uint8_t>().data() + a_at, [&](int64_t) { return range.zero_point; },
          b.As<B>().data() + b_at, [&](int64_t column) { return qb.ZeroPointAt(column); },
          [&](int64_t row, int64_t first, std::span<const int32_t> sums) {
            float* out = y.As<float>().data() + y_at + row * product.columns + first;
            for (size_t j = 0; j < sums.size(); ++j) {
              const int64_t column = first + static_cast<int64_t>(j);
              const float scale = range.scale * qb.ScaleAt(column);
              const float value = static_cast<float>(sums[j]) * scale;
              out[j] = bias.empty() ? value : value + bias[static_cast<size_t>(column)];
            }
          });
      return {};
    });
  }));
  ApplyActivation(context.node, y);
  return {};
}

// Weights as int8, of which uint8 ones are a shift; so are their zero points.
Status Lower8(const Tensor& weights, std::vector<int32_t> zero_points,
              lowered::DynamicFullyConnected& linear) {
  INSITU_ASSIGN(linear.weights, TransposedWeights(weights));
  linear.w_zero_point = std::move(zero_points);
  if (weights.dtype() == DType::kInt8) return {};
  INSITU_ASSIGN(Tensor shifted, Tensor::Allocate(DType::kInt8, linear.weights.dims()));
  for (size_t i = 0; i < shifted.size_bytes(); ++i)
    shifted.data()[i] = linear.weights.data()[i] ^ std::byte{0x80};
  linear.weights = std::move(shifted);
  for (int32_t& zero : linear.w_zero_point) zero -= 128;
  return {};
}

Lowering Lower(const LowerContext& context) {
  INSITU_LOWER(const Tensor* weights, MatrixWeights(context, kA, kB));
  lowered::DynamicFullyConnected linear;
  INSITU_LOWER(ChannelQuantization w,
               LowerChannelQuantization(context, kBScale, kBZero, weights->dims()[1]));
  if (auto status = Lower8(*weights, std::move(w.zero_point), linear); !status)
    return Refuse(status.error());
  linear.w_scale = std::move(w.scale);
  if (context.HasInput(kBias)) {
    INSITU_LOWER(linear.bias, ColumnBias(context.constant(kBias), weights->dims()[1]));
  }
  linear.clamp = ActivationOf(context.node());
  return LoweredNode{std::move(linear), {kA}};
}

constexpr int kSince[] = {1};

}  // namespace

const OpDef kDynamicQuantizeMatMulOp = {
    .name = "DynamicQuantizeMatMul",
    .domain = "com.microsoft",
    .since = kSince,
    .min_inputs = 3,
    .max_inputs = 5,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
};

}  // namespace insitu
