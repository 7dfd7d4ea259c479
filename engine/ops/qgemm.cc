// com.microsoft.QGemm: alpha * A' * B' + C of quantized operands, quantized or float result.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QGemm
// Inputs: A, a_scale, a_zero_point, B, b_scale, b_zero_point, C (int32 in steps of
// alpha * a_scale * b_scale[c]), y_scale, y_zero_point; without y_scale the result is float32.
//   acc = sum (a - za) * (b - zb[c]) + C, exact in int32
//   y = clamp(saturate(rint_half_even(float32(acc) * m[c]) + zy)),
//   m[c] = float32(float32(float32(alpha * sa) * sb[c]) / sy)
// and for a float result y = float32(acc) * m[c] with sy = 1.
// The activation, in steps of y (in reals for a float result), is insitu's own.
#include "ops/activation.h"
#include "ops/gemm_shape.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/matmul_lowering.h"
#include "ops/ops.h"
#include "ops/quantization.h"
#include "ops/requantize.h"

namespace insitu {
namespace {

enum Input : size_t { kA, kAScale, kAZero, kB, kBScale, kBZero, kC, kYScale, kYZero };

Status Infer(InferContext& context) {
  INSITU_TRY(CheckByteInput(context, kA, "A"));
  INSITU_TRY(CheckByteInput(context, kB, "B"));
  INSITU_TRY(RequireSameType(context, kA, kAZero));
  INSITU_TRY(RequireSameType(context, kB, kBZero));
  INSITU_TRY(RequireType(context, kC, {DType::kInt32}));
  INSITU_TRY(RequireType(context, kYZero, {DType::kUint8, DType::kInt8}));
  INSITU_ASSIGN(std::optional<Shape> shape,
                GemmShape(context.node(), context.shape(kA), context.shape(kB), context.shape(kC)));
  const DType type =
      context.HasInput(kYScale) ? ZeroPointType(context, kYZero, DType::kUint8) : DType::kFloat32;
  context.SetOutput(0, type, std::move(shape));
  return {};
}

struct Operands {
  MatrixProduct product;
  Quantization a, y;
  ChannelQuantization b;
  std::span<const int32_t> c;
  int64_t c_row = 0, c_column = 0;
  bool quantized = false;
};

Result<Operands> ReadOperands(const RunContext& context) {
  Operands operands;
  const Dims* c = context.HasInput(kC) ? &context.inputs[kC].dims : nullptr;
  INSITU_ASSIGN(operands.product,
                ReadGemm(context.node, context.inputs[kA].dims, context.inputs[kB].dims, c));
  INSITU_ASSIGN(operands.a, ReadQuantization(context, kAScale, kAZero, "A"));
  operands.a.scale *= context.node.Attr<float>("alpha", 1.0f);
  INSITU_ASSIGN(operands.b, ReadChannelQuantization(
                                context.inputs[kBScale],
                                context.HasInput(kBZero) ? context.inputs[kBZero] : TensorView{},
                                operands.product.columns, "B"));
  operands.quantized = context.HasInput(kYScale);
  if (operands.quantized) {
    INSITU_ASSIGN(operands.y, ReadQuantization(context, kYScale, kYZero, "y"));
  }
  if (c) {
    operands.c = context.inputs[kC].As<int32_t>();
    const int64_t columns = c->empty() ? 1 : c->back();
    operands.c_column = columns == 1 ? 0 : 1;
    operands.c_row = c->size() == 2 && (*c)[0] != 1 ? columns : 0;
  }
  return operands;
}

// Calls store(output offset, sum, m[c]) for every output.
template <class A, class B, class Store>
void RunTyped(const Operands& o, const A* a, const B* b, Store store) {
  Multiply<int32_t>(
      o.product, a, [&](int64_t) { return o.a.zero_point; }, b,
      [&](int64_t column) { return o.b.ZeroPointAt(column); },
      [&](int64_t row, int64_t first, std::span<const int32_t> sums) {
        for (size_t j = 0; j < sums.size(); ++j) {
          const int64_t column = first + static_cast<int64_t>(j);
          const int64_t at = row * o.c_row + column * o.c_column;
          const int32_t add = o.c.empty() ? 0 : o.c[static_cast<size_t>(at)];
          store(row * o.product.columns + column, WrappingAdd(sums[j], add),
                RequantizationFactor(o.a.scale, o.b.ScaleAt(column), o.y.scale));
        }
      });
}

Status Run(RunContext& context) {
  const TensorView &a = context.inputs[kA], &b = context.inputs[kB];
  INSITU_ASSIGN(const Operands operands, ReadOperands(context));
  const DType type = !operands.quantized        ? DType::kFloat32
                     : context.HasInput(kYZero) ? context.inputs[kYZero].dtype
                                                : DType::kUint8;
  INSITU_ASSIGN(TensorView y,
                RunOutput(context, 0, type, {operands.product.rows, operands.product.columns}));
  const Clamp clamp = ActivationOf(context.node);
  const auto run = [&](auto store) {
    return DispatchByte(a.dtype, [&]<class A>(A) {
      return DispatchByte(b.dtype, [&]<class B>(B) -> Status {
        RunTyped(operands, a.As<A>().data(), b.As<B>().data(), store);
        return {};
      });
    });
  };
  if (operands.quantized)
    return DispatchByte(type, [&]<class Y>(Y) {
      const QuantizedRange range = RangeOf<Y>(clamp);
      return run([&](int64_t at, int32_t sum, float factor) {
        y.As<Y>()[static_cast<size_t>(at)] = static_cast<Y>(
            RoundToRange(static_cast<float>(sum) * factor, operands.y.zero_point, range));
      });
    });
  INSITU_TRY(run([&](int64_t at, int32_t sum, float factor) {
    y.As<float>()[static_cast<size_t>(at)] = static_cast<float>(sum) * factor;
  }));
  ApplyActivation(context.node, y);
  return {};
}

Lowering Lower(const LowerContext& context) {
  const Node& node = context.node();
  if (node.Attr<float>("alpha", 1.0f) != 1.0f) return Refuse("alpha is not 1");
  if (node.Attr<int64_t>("transA", 0) != 0) return Refuse("the left operand is transposed");
  const Tensor* weights = context.constant(kB);
  if (!weights) return Refuse("weights are computed at run time");
  lowered::FullyConnected linear;
  linear.input = context.dtype(kA);
  linear.output = context.output_dtype(0);
  linear.weights = *weights;
  if (node.Attr<int64_t>("transB", 0) == 0) {
    auto packed = TransposedWeights(*weights);
    if (!packed) return Refuse(packed.error());
    linear.weights = *std::move(packed);
  }
  if (context.HasInput(kC)) {
    INSITU_LOWER(linear.bias, ColumnBias(context.constant(kC), linear.weights.dims()[0]));
  }
  INSITU_LOWER(linear.x, LowerQuantization(context, kAScale, kAZero));
  if (context.HasInput(kYScale)) {
    INSITU_LOWER(linear.y, LowerQuantization(context, kYScale, kYZero));
  }
  INSITU_LOWER(ChannelQuantization w,
               LowerChannelQuantization(context, kBScale, kBZero, linear.weights.dims()[0]));
  linear.w_scale = std::move(w.scale);
  linear.w_zero_point = std::move(w.zero_point);
  linear.clamp = ActivationOf(node);
  return LoweredNode{std::move(linear), {kA}};
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {
    {"alpha", AttrKind::kFloat}, {"transA", AttrKind::kInt}, {"transB", AttrKind::kInt}};

}  // namespace

const OpDef kQGemmOp = {
    .name = "QGemm",
    .domain = "com.microsoft",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 6,
    .max_inputs = 9,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
};

}  // namespace insitu
