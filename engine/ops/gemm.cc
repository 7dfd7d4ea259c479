// Gemm: y = alpha * A' * B' + beta * C, where ' is an optional transposition and C broadcasts.
// https://onnx.ai/onnx/operators/onnx__Gemm.html (13). The fused activation is insitu's own.
// FusedGemm is the same with an activation by name.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
#include "ops/activation.h"
#include "ops/broadcast.h"
#include "ops/fused_activation.h"
#include "ops/gemm_shape.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/matmul_lowering.h"
#include "ops/ops.h"
#include "ops/widen.h"

namespace insitu {
namespace {

constexpr DTypeSet kTypes =
    kFloatTypes | DTypeSet{DType::kInt32, DType::kInt64, DType::kUint32, DType::kUint64};

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kTypes));
  INSITU_TRY(RequireSameType(context, 0, 1));
  INSITU_TRY(RequireSameType(context, 0, 2));
  INSITU_ASSIGN(std::optional<Shape> shape,
                GemmShape(context.node(), context.shape(0), context.shape(1), context.shape(2)));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

// An attribute scales integers as C++ converts it; 1 and 0 are the values in use.
template <class T>
T Scale(float factor, T value) {
  if constexpr (std::is_same_v<T, double>) return static_cast<double>(factor) * value;
  return static_cast<T>(static_cast<uint64_t>(static_cast<int64_t>(factor)) *
                        static_cast<uint64_t>(value));
}

// C and its strides: the element for (row, column) is row * row_stride + column * column_stride.
struct Addend {
  TensorView c;
  int64_t row_stride = 0, column_stride = 0;
};

Addend MakeAddend(const TensorView& c) {
  const int64_t columns = c.dims.empty() ? 1 : c.dims.back();
  const int64_t rows = c.dims.size() < 2 ? 1 : c.dims[0];
  return {c, rows == 1 ? 0 : columns, columns == 1 ? 0 : 1};
}

template <class T, class Stored>
void RunTyped(const RunContext& context, const MatrixProduct& product, const Stored* a,
              const Stored* b, const TensorView& y) {
  const float alpha = context.node.Attr<float>("alpha", 1.0f);
  const float beta = context.node.Attr<float>("beta", 1.0f);
  std::optional<Addend> addend;
  if (context.HasInput(2)) addend = MakeAddend(context.inputs[2]);
  const auto no_zero = [](int64_t) { return T{}; };
  Multiply<T>(product, a, no_zero, b, no_zero, [&](int64_t row, int64_t column, std::span<T> sums) {
    const auto count = static_cast<int64_t>(sums.size());
    if (alpha != 1.0f)
      for (T& sum : sums) sum = Scale(alpha, sum);
    if (addend) {
      T add[kMatMulRow];
      LoadElements(addend->c, row * addend->row_stride + column * addend->column_stride,
                   addend->column_stride, count, add);
      for (size_t j = 0; j < sums.size(); ++j) AddProduct(sums[j], Scale(beta, add[j]), T{1});
    }
    StoreElements(sums.data(), count, y, row * product.columns + column);
  });
}

Result<TensorView> Compute(RunContext& context) {
  const TensorView &a = context.inputs[0], &b = context.inputs[1];
  const Dims* c = context.HasInput(2) ? &context.inputs[2].dims : nullptr;
  INSITU_ASSIGN(const MatrixProduct product, ReadGemm(context.node, a.dims, b.dims, c));
  INSITU_ASSIGN(const TensorView y,
                RunOutput(context, 0, a.dtype, {product.rows, product.columns}));
  if (a.dtype == DType::kFloat32) {
    RunTyped<double>(context, product, a.As<float>().data(), b.As<float>().data(), y);
  } else {
    INSITU_TRY(WithArithmetic(a.dtype, [&]<class T>(T) -> Status {
      INSITU_ASSIGN(const Tensor wide_a, Widened<T>(a));
      INSITU_ASSIGN(const Tensor wide_b, Widened<T>(b));
      RunTyped<T>(context, product, wide_a.As<T>().data(), wide_b.As<T>().data(), y);
      return {};
    }));
  }
  return y;
}

Status Run(RunContext& context) {
  INSITU_ASSIGN(const TensorView y, Compute(context));
  ApplyActivation(context.node, y);
  return {};
}

Lowering Lower(const LowerContext& context) {
  const Node& node = context.node();
  if (context.dtype(0) != DType::kFloat32) return Refuse("only float32 is lowered");
  if (node.Attr<float>("alpha", 1.0f) != 1.0f || node.Attr<float>("beta", 1.0f) != 1.0f)
    return Refuse("alpha or beta is not 1");
  if (node.Attr<int64_t>("transA", 0) != 0) return Refuse("the left operand is transposed");
  const Tensor* weights = context.constant(1);
  if (!weights) return Refuse("weights are computed at run time");
  lowered::FullyConnected linear;
  linear.weights = *weights;
  linear.inputs_first = node.Attr<int64_t>("transB", 0) == 0;
  if (context.HasInput(2)) {
    const int64_t columns = weights->dims()[linear.inputs_first ? 1 : 0];
    INSITU_LOWER(linear.bias, ColumnBias(context.constant(2), columns));
  }
  linear.clamp = ActivationOf(node);
  return LoweredNode{std::move(linear), {0}};
}

Status InferFused(InferContext& context) {
  INSITU_TRY(ReadFusedActivation(context.node()));
  return Infer(context);
}

Status RunFused(RunContext& context) {
  INSITU_ASSIGN(const FusedActivation activation, ReadFusedActivation(context.node));
  INSITU_ASSIGN(const TensorView y, Compute(context));
  activation.Apply(y);
  return {};
}

Lowering LowerFused(const LowerContext& context) {
  const auto activation = ReadFusedActivation(context.node());
  if (!activation) return Refuse(activation.error());
  if (activation->of && !activation->is_relu) return Refuse("no backend fuses this activation");
  Lowering lowering = Lower(context);
  if (!lowering || !activation->of) return lowering;
  std::get<lowered::FullyConnected>(lowering->op).clamp.min = 0;
  return lowering;
}

constexpr int kSince[] = {1, 6, 7, 9, 11, 13};
constexpr int kFusedSince[] = {1};
constexpr AttrSpec kFusedAttributes[] = {
    {"alpha", AttrKind::kFloat},
    {"beta", AttrKind::kFloat},
    {"transA", AttrKind::kInt},
    {"transB", AttrKind::kInt},
    {"activation", AttrKind::kString},
    {"activation_alpha", AttrKind::kFloat},
    {"activation_beta", AttrKind::kFloat},
    {"activation_gamma", AttrKind::kFloat},
};
constexpr std::span kAttributes = std::span(kFusedAttributes).first(4);

}  // namespace

const OpDef kGemmOp = {
    .name = "Gemm",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 3,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
};

const OpDef kFusedGemmOp = {
    .name = "FusedGemm",
    .domain = "com.microsoft",
    .since = kFusedSince,
    .attributes = kFusedAttributes,
    .min_inputs = 2,
    .max_inputs = 3,
    .infer = InferFused,
    .run = RunFused,
    .lower = LowerFused,
};

}  // namespace insitu
