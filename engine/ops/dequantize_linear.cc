// DequantizeLinear: y = float(x - x_zero_point) * x_scale.
// https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html (23). Per tensor, per axis or in
// blocks along the axis; x of 4, 8 or 16 bits, int32 (biases) or float8. Computed in float32, given
// in the type of the scale or in output_dtype.
#include "ops/axes.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/ops.h"
#include "ops/quantization.h"
#include "ops/quantized_axis.h"

namespace insitu {
namespace {

constexpr DTypeSet kInputs =
    kFloat8Types | DTypeSet{DType::kUint8, DType::kInt8,  DType::kUint16, DType::kInt16,
                            DType::kInt32, DType::kUint4, DType::kInt4};
constexpr DTypeSet kOutputs = {DType::kFloat32, DType::kFloat16, DType::kBfloat16};

Result<DType> OutputType(const Node& node, DType scale) {
  const auto named = node.Attr<int64_t>("output_dtype", 0);
  const DType type = IsKnownDType(static_cast<int>(named)) ? static_cast<DType>(named) : scale;
  if (kOutputs.Has(type)) return type;
  return Fail(ErrorCode::kUnsupportedType,
              "dequantizing to " + std::string(Name(type)) + " is not supported",
              "Give a scale of type float32, float16 or bfloat16.");
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kInputs));
  INSITU_TRY(RequireSameType(context, 0, 2));
  INSITU_TRY(CheckQuantizedAxis(context));
  INSITU_ASSIGN(const DType type, OutputType(context.node(), context.dtype(1)));
  context.SetOutput(0, type, ShapeOf(context, 0));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const QuantizedAxis axis, ReadQuantizedAxis(context));
  INSITU_ASSIGN(const DType type, OutputType(context.node, context.inputs[1].dtype));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, type, x.dims));
  double values[kBlock];
  ForEachQuantizedRun(axis, [&](int64_t offset, int64_t count, float scale, int32_t zero) {
    LoadElements(x, offset, 1, count, values);
    for (int64_t i = 0; i < count; ++i) values[i] = static_cast<float>(values[i] - zero) * scale;
    StoreElements(values, count, y, offset);
  });
  return {};
}

Lowering Lower(const LowerContext& context) {
  if (context.node().Attr<int64_t>("block_size", 0) != 0) return Refuse("quantized in blocks");
  INSITU_LOWER(const Quantization x, LowerQuantization(context, 1, 2));
  return LoweredNode{lowered::Dequantize{context.dtype(0), context.output_dtype(0), x}, {0}};
}

constexpr int kSince[] = {10, 13, 19, 21, 23};
constexpr AttrSpec kAttributes[] = {
    {"axis", AttrKind::kInt}, {"block_size", AttrKind::kInt}, {"output_dtype", AttrKind::kInt}};

}  // namespace

const OpDef kDequantizeLinearOp = {
    .name = "DequantizeLinear",
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
