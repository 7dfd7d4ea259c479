// QuantizeLinear: y = saturate(rint_half_even(x / y_scale) + y_zero_point), with a true division.
// https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html (23). Per tensor, per axis or in blocks
// along the axis. The quotient is rounded to `precision`, by default the type of the scale.
// Not-a-number becomes the lowest integer. float8 is y = x / y_scale, saturated where `saturate`.
#include "ops/axes.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/ops.h"
#include "ops/quantization.h"
#include "ops/quantized_axis.h"
#include "ops/requantize.h"

namespace insitu {
namespace {

constexpr DTypeSet kInputs = kFloatTypes | DTypeSet{DType::kInt32};
constexpr DTypeSet kOutputs = kFloat8Types | DTypeSet{DType::kUint8, DType::kInt8,  DType::kUint16,
                                                      DType::kInt16, DType::kUint4, DType::kInt4};

DType OutputType(const Node& node, DType zero_point) {
  if (zero_point != DType::kUndefined) return zero_point;
  const auto named = node.Attr<int64_t>("output_dtype", 0);
  return IsKnownDType(static_cast<int>(named)) ? static_cast<DType>(named) : DType::kUint8;
}

// The type that quotients are rounded to.
DType Precision(const Node& node, DType scale) {
  const auto named = node.Attr<int64_t>("precision", 0);
  const DType type = IsKnownDType(static_cast<int>(named)) ? static_cast<DType>(named) : scale;
  return type == DType::kFloat16 || type == DType::kBfloat16 ? type : DType::kFloat32;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kInputs));
  const DType type = OutputType(context.node(), context.dtype(2));
  if (!kOutputs.Has(type))
    return Fail(ErrorCode::kUnsupportedType,
                "quantizing to " + std::string(Name(type)) + " is not supported",
                "Quantize to integers of 4, 8 or 16 bits, or to float8.");
  const auto named = context.node().Attr<int64_t>("output_dtype", 0);
  if (named != 0 && named != static_cast<int64_t>(type))
    return Fail(ErrorCode::kInvalidModel, "output_dtype " + std::to_string(named) +
                                              " contradicts the zero point " + context.Describe(2));
  INSITU_TRY(CheckQuantizedAxis(context));
  context.SetOutput(0, type, ShapeOf(context, 0));
  return {};
}

QuantizedRange RangeOfType(DType type) {
  switch (type) {
    case DType::kInt8:
      return RangeOf<int8_t>({});
    case DType::kUint16:
      return RangeOf<uint16_t>({});
    case DType::kInt16:
      return RangeOf<int16_t>({});
    case DType::kUint4:
      return {0, 15};
    case DType::kInt4:
      return {-8, 7};
    default:
      return RangeOf<uint8_t>({});
  }
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  const TensorView zeros = context.HasInput(2) ? context.inputs[2] : TensorView{};
  const DType type = OutputType(context.node, zeros.dtype);
  INSITU_ASSIGN(const QuantizedAxis axis, ReadQuantizedAxis(context));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, type, x.dims));
  const DType precision = Precision(context.node, context.inputs[1].dtype);
  const SmallFloat format = SmallFloatOf(precision);
  const auto quotient = [&](double value, float scale) {
    const float exact = static_cast<float>(value) / scale;
    if (precision == DType::kFloat32) return exact;
    return static_cast<float>(
        DecodeSmallFloat(format, EncodeSmallFloat(format, exact, OnOverflow::kInfinity)));
  };
  const bool to_float = kFloat8Types.Has(type);
  const OnOverflow overflow =
      context.node.Attr<int64_t>("saturate", 1) ? OnOverflow::kSaturate : OnOverflow::kInfinity;
  const QuantizedRange range = RangeOfType(type);
  double real[kBlock];
  int64_t steps[kBlock];
  ForEachQuantizedRun(axis, [&](int64_t offset, int64_t count, float scale, int32_t zero) {
    LoadElements(x, offset, 1, count, real);
    for (int64_t i = 0; i < count; ++i) real[i] = quotient(real[i], scale);
    if (to_float) {
      StoreElements(real, count, y, offset, 1, overflow);
      return;
    }
    for (int64_t i = 0; i < count; ++i)
      steps[i] = RoundToRange(static_cast<float>(real[i]), zero, range);
    StoreElements(steps, count, y, offset);
  });
  return {};
}

Lowering Lower(const LowerContext& context) {
  if (context.node().Attr<int64_t>("block_size", 0) != 0) return Refuse("quantized in blocks");
  if (Precision(context.node(), context.dtype(1)) != DType::kFloat32)
    return Refuse("quotients are rounded to 16 bits");
  INSITU_LOWER(const Quantization y, LowerQuantization(context, 1, 2));
  return LoweredNode{lowered::Quantize{context.dtype(0), context.output_dtype(0), y}, {0}};
}

constexpr int kSince[] = {10, 13, 19, 21, 23};
constexpr AttrSpec kAttributes[] = {
    {"axis", AttrKind::kInt},      {"block_size", AttrKind::kInt}, {"output_dtype", AttrKind::kInt},
    {"precision", AttrKind::kInt}, {"saturate", AttrKind::kInt},
};

}  // namespace

const OpDef kQuantizeLinearOp = {
    .name = "QuantizeLinear",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 3,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteQuantizedAxis,
};

}  // namespace insitu
