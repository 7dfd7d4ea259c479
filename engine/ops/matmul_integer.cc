// MatMulInteger: the product of (a - a_zero_point) and (b - b_zero_point), exact in int32.
// https://onnx.ai/onnx/operators/onnx__MatMulInteger.html (10). a's zero point is one number or one
// per row, b's one number or one per column.
#include "ops/infer_util.h"
#include "ops/integer_lowering.h"
#include "ops/lower_try.h"
#include "ops/matmul_lowering.h"
#include "ops/matmul_reference.h"
#include "ops/ops.h"
#include "ops/quantization.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(CheckByteInput(context, 0, "a"));
  INSITU_TRY(CheckByteInput(context, 1, "b"));
  INSITU_TRY(RequireSameType(context, 0, 2));
  INSITU_TRY(RequireSameType(context, 1, 3));
  INSITU_ASSIGN(std::optional<Shape> shape, MatMulShape(context.shape(0), context.shape(1)));
  context.SetOutput(0, DType::kInt32, std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView &a = context.inputs[0], &b = context.inputs[1];
  INSITU_ASSIGN(const MatMulGeometry geometry, ReadMatMulGeometry(a.dims, b.dims));
  const MatrixProduct& product = geometry.product;
  INSITU_ASSIGN(const auto a_zero, ReadZeroPoints(context, 2, product.rows, "a"));
  INSITU_ASSIGN(const auto b_zero, ReadZeroPoints(context, 3, product.columns, "b"));
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, DType::kInt32, geometry.y));
  int32_t* out = y.As<int32_t>().data();
  return DispatchByte(a.dtype, [&]<class A>(A) {
    return DispatchByte(b.dtype, [&]<class B>(B) {
      return ForEachBatch(geometry, [&](int64_t a_at, int64_t b_at, int64_t y_at) -> Status {
        Multiply<int32_t>(
            product, a.As<A>().data() + a_at,
            [&](int64_t row) { return a_zero[static_cast<size_t>(row)]; }, b.As<B>().data() + b_at,
            [&](int64_t column) { return b_zero[static_cast<size_t>(column)]; },
            [&](int64_t row, int64_t column, std::span<const int32_t> sums) {
              std::ranges::copy(sums, out + y_at + row * product.columns + column);
            });
        return {};
      });
    });
  });
}

Lowering Lower(const LowerContext& context) {
  INSITU_LOWER(const Tensor* weights, MatrixWeights(context, 0, 1));
  lowered::FullyConnected linear;
  linear.input = context.dtype(0);
  linear.output = DType::kInt32;
  auto packed = TransposedWeights(*weights);
  if (!packed) return Refuse(packed.error());
  linear.weights = *std::move(packed);
  INSITU_LOWER(linear.w_zero_point, LowerZeroPoints(context, 3, linear.weights.dims()[0]));
  return LowerInput(context, std::move(linear), {.zero_point = 2});
}

constexpr int kSince[] = {10};

}  // namespace

const OpDef kMatMulIntegerOp = {
    .name = "MatMulInteger",
    .since = kSince,
    .min_inputs = 2,
    .max_inputs = 4,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
};

}  // namespace insitu
