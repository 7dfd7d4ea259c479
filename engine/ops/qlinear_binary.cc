// com.microsoft.QLinearAdd and QLinearMul, and insitu's own QLinearSub and QLinearDiv (made by
// passes/fuse_qdq_elementwise.cc): arithmetic of quantized tensors, numpy broadcasting.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
// Inputs: a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point; an omitted
// zero point is 0. Exactly DequantizeLinear, Add or Mul, QuantizeLinear, every step in float32:
//   y = clamp(saturate(rint_half_even((float(a - za) * sa + float(b - zb) * sb) / sy) + zy))
// and *, - or / for + in the others. The activation, in steps of y, is insitu's own.
#include "ops/activation.h"
#include "ops/broadcast.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/ops.h"
#include "ops/quantization.h"
#include "ops/requantize.h"

namespace insitu {
namespace {

enum Input : size_t { kA, kAScale, kAZero, kB, kBScale, kBZero, kYScale, kYZero };

struct Add {
  static constexpr auto kKind = lowered::BinaryKind::kAdd;
  static float Of(float a, float b) { return a + b; }
};
struct Mul {
  static constexpr auto kKind = lowered::BinaryKind::kMul;
  static float Of(float a, float b) { return a * b; }
};
struct Sub {
  static constexpr auto kKind = lowered::BinaryKind::kSub;
  static float Of(float a, float b) { return a - b; }
};
struct Div {
  static constexpr auto kKind = lowered::BinaryKind::kDiv;
  static float Of(float a, float b) { return a / b; }
};

Status Infer(InferContext& context) {
  INSITU_TRY(CheckByteInput(context, kA, "a"));
  for (size_t i : {kB, kAZero, kBZero, kYZero}) INSITU_TRY(RequireSameType(context, kA, i));
  INSITU_TRY(RequireInputs(context, {kAScale, kB, kBScale, kYScale}));
  for (size_t i : {kAScale, kBScale, kYScale})
    INSITU_TRY(RequireType(context, i, {DType::kFloat32}));
  std::optional<Shape> shape = ShapeOf(context, kA);
  const Shape* b = context.shape(kB);
  if (!b) shape.reset();
  if (shape && !Widen(*shape, *b))
    return Fail(ErrorCode::kShapeMismatch,
                context.Describe(kA) + " and " + context.Describe(kB) + " do not broadcast",
                "Extents must be equal or 1, counted from the last axis.");
  context.SetOutput(0, context.dtype(kA), std::move(shape));
  return {};
}

inline float Dequantized(int32_t value, const Quantization& q) {
  return static_cast<float>(value - q.zero_point) * q.scale;
}

template <class Op>
Status Run(RunContext& context) {
  const std::vector<TensorView> operands = {context.inputs[kA], context.inputs[kB]};
  INSITU_ASSIGN(const Quantization qa, ReadQuantization(context, kAScale, kAZero, "a"));
  INSITU_ASSIGN(const Quantization qb, ReadQuantization(context, kBScale, kBZero, "b"));
  INSITU_ASSIGN(const Quantization qy, ReadQuantization(context, kYScale, kYZero, "y"));
  INSITU_ASSIGN(Dims dims, BroadcastDims(operands));
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, operands[0].dtype, std::move(dims)));
  const Clamp clamp = ActivationOf(context.node);
  return DispatchByte(y.dtype, [&]<class T>(T) -> Status {
    const QuantizedRange range = RangeOf<T>(clamp);
    const T *a = operands[0].As<T>().data(), *b = operands[1].As<T>().data();
    T* out = y.As<T>().data();
    BroadcastLoop loop(y.dims, operands);
    while (loop.Next(y.elements())) {
      const BroadcastRow& row = loop.row();
      for (int64_t i = 0; i < row.count; ++i) {
        const float left = Dequantized(a[row.inputs[0] + i * row.strides[0]], qa);
        const float right = Dequantized(b[row.inputs[1] + i * row.strides[1]], qb);
        const float result = Op::Of(left, right);
        out[row.output + i] = static_cast<T>(RoundToRange(result / qy.scale, qy.zero_point, range));
      }
    }
    return {};
  });
}

template <class Op>
Lowering Lower(const LowerContext& context) {
  lowered::Binary binary;
  binary.kind = Op::kKind;
  binary.dtype = context.dtype(kA);
  INSITU_LOWER(binary.a, LowerQuantization(context, kAScale, kAZero));
  INSITU_LOWER(binary.b, LowerQuantization(context, kBScale, kBZero));
  INSITU_LOWER(binary.y, LowerQuantization(context, kYScale, kYZero));
  binary.clamp = ActivationOf(context.node());
  return LoweredNode{std::move(binary), {kA, kB}};
}

constexpr int kSince[] = {1};

template <class Op>
constexpr OpDef Define(std::string_view name, std::string_view domain) {
  return {
      .name = name,
      .domain = domain,
      .since = kSince,
      .min_inputs = 2,
      .max_inputs = 8,
      .infer = Infer,
      .run = Run<Op>,
      .lower = Lower<Op>,
      .commute = CommuteUnchanged,
      .commute_inputs = CommuteBroadcastInputs,
  };
}

}  // namespace

const OpDef kQLinearAddOp = Define<Add>("QLinearAdd", "com.microsoft");
const OpDef kQLinearMulOp = Define<Mul>("QLinearMul", "com.microsoft");
const OpDef kQLinearSubOp = Define<Sub>("QLinearSub", "insitu");
const OpDef kQLinearDivOp = Define<Div>("QLinearDiv", "insitu");

}  // namespace insitu
