// MatMul: numpy's matrix product, batches broadcasting.
// https://onnx.ai/onnx/operators/onnx__MatMul.html (13). The fused activation is insitu's own.
#include "ops/activation.h"
#include "ops/infer_util.h"
#include "ops/matmul_reference.h"
#include "ops/ops.h"
#include "ops/widen.h"

namespace insitu {
namespace {

constexpr DTypeSet kTypes =
    kFloatTypes | DTypeSet{DType::kInt32, DType::kInt64, DType::kUint32, DType::kUint64};

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kTypes));
  INSITU_TRY(RequireSameType(context, 0, 1));
  INSITU_ASSIGN(std::optional<Shape> shape, MatMulShape(context.shape(0), context.shape(1)));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

template <class Sum, class T>
Status RunTyped(const MatMulGeometry& geometry, const T* a, const T* b, const TensorView& y) {
  const auto no_zero = [](int64_t) { return Sum{}; };
  return ForEachBatch(geometry, [&](int64_t a_at, int64_t b_at, int64_t y_at) -> Status {
    Multiply<Sum>(geometry.product, a + a_at, no_zero, b + b_at, no_zero,
                  [&](int64_t row, int64_t column, std::span<const Sum> sums) {
                    StoreElements(sums.data(), static_cast<int64_t>(sums.size()), y,
                                  y_at + row * geometry.product.columns + column);
                  });
    return {};
  });
}

Status Run(RunContext& context) {
  const TensorView &a = context.inputs[0], &b = context.inputs[1];
  INSITU_ASSIGN(const MatMulGeometry geometry, ReadMatMulGeometry(a.dims, b.dims));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, a.dtype, geometry.y));
  if (a.dtype == DType::kFloat32) {
    INSITU_TRY(RunTyped<double>(geometry, a.As<float>().data(), b.As<float>().data(), y));
  } else {
    INSITU_TRY(WithArithmetic(a.dtype, [&]<class T>(T) -> Status {
      INSITU_ASSIGN(const Tensor wide_a, Widened<T>(a));
      INSITU_ASSIGN(const Tensor wide_b, Widened<T>(b));
      return RunTyped<T>(geometry, wide_a.As<T>().data(), wide_b.As<T>().data(), y);
    }));
  }
  ApplyActivation(context.node, y);
  return {};
}

Lowering Lower(const LowerContext& context) {
  if (context.dtype(0) != DType::kFloat32) return Refuse("only float32 is lowered");
  const Shape *a = context.shape(0), *b = context.shape(1);
  if (!a || !b || a->size() < 2 || b->size() < 2)
    return Refuse("an operand has fewer than two axes, or a rank is not known");
  const Clamp clamp = ActivationOf(context.node());
  const Tensor* weights = context.constant(1);
  if (!weights || weights->dims().size() != 2) {
    if (!clamp.IsNone()) return Refuse("a clamp behind two run-time operands");
    return LoweredNode{lowered::BatchMatMul{}, {0, 1}};
  }
  lowered::FullyConnected linear;
  linear.weights = *weights;
  linear.inputs_first = true;
  linear.clamp = clamp;
  return LoweredNode{std::move(linear), {0}};
}

constexpr int kSince[] = {1, 9, 13};

}  // namespace

const OpDef kMatMulOp = {
    .name = "MatMul",
    .since = kSince,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
};

}  // namespace insitu
