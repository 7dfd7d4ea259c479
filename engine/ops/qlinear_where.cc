// com.microsoft.QLinearWhere: elements of x where the condition holds, of y elsewhere, both brought
// to the quantization of z. Numpy broadcasting of all three.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearWhere
// Inputs: condition, x, x_scale, x_zero_point, y, y_scale, y_zero_point, z_scale, z_zero_point.
//   z = saturate(rint_half_even(float(v - zv) * sv / sz) + zz), every step in float32
#include "ops/broadcast.h"
#include "ops/byte_table.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/ops.h"
#include "ops/quantization.h"

namespace insitu {
namespace {

enum Input : size_t { kCondition, kX, kXScale, kXZero, kY, kYScale, kYZero, kZScale, kZZero };

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, kCondition, kBoolType));
  INSITU_TRY(CheckByteInput(context, kX, "x"));
  for (size_t i : {kXZero, kY, kYZero, kZZero}) INSITU_TRY(RequireSameType(context, kX, i));
  INSITU_TRY(RequireInputs(context, {kXScale, kY, kYScale, kZScale}));
  std::optional<Shape> shape = ShapeOf(context, kCondition);
  for (size_t i : {kX, kY}) {
    const Shape* other = context.shape(i);
    if (!other) shape.reset();
    if (shape && !Widen(*shape, *other))
      return Fail(ErrorCode::kShapeMismatch,
                  context.Describe(i) + " does not broadcast with the other operands",
                  "Extents must be equal or 1, counted from the last axis.");
  }
  context.SetOutput(0, context.dtype(kX), std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const std::vector<TensorView> operands = {context.inputs[kCondition], context.inputs[kX],
                                            context.inputs[kY]};
  INSITU_ASSIGN(const Quantization qx, ReadQuantization(context, kXScale, kXZero, "x"));
  INSITU_ASSIGN(const Quantization qy, ReadQuantization(context, kYScale, kYZero, "y"));
  INSITU_ASSIGN(const Quantization qz, ReadQuantization(context, kZScale, kZZero, "z"));
  INSITU_ASSIGN(Dims dims, BroadcastDims(operands));
  const DType dtype = operands[1].dtype;
  INSITU_ASSIGN(const TensorView z, RunOutput(context, 0, dtype, std::move(dims)));
  const auto same = [](float value) { return value; };
  const ByteTable x_table = RequantizingTable(dtype, qx, qz, same);
  const ByteTable y_table = RequantizingTable(dtype, qy, qz, same);
  const auto bytes = [&](size_t i) { return reinterpret_cast<const uint8_t*>(operands[i].data); };
  auto* out = reinterpret_cast<uint8_t*>(z.data);
  BroadcastLoop loop(z.dims, operands);
  while (loop.Next(z.elements())) {
    const BroadcastRow& row = loop.row();
    for (int64_t i = 0; i < row.count; ++i) {
      const auto at = [&](size_t k) { return bytes(k)[row.inputs[k] + i * row.strides[k]]; };
      out[row.output + i] = at(0) ? x_table[at(1)] : y_table[at(2)];
    }
  }
  return {};
}

Lowering Lower(const LowerContext& context) {
  INSITU_LOWER(const Quantization x, LowerQuantization(context, kXScale, kXZero));
  INSITU_LOWER(const Quantization y, LowerQuantization(context, kYScale, kYZero));
  INSITU_LOWER(const Quantization z, LowerQuantization(context, kZScale, kZZero));
  const auto table = [&](const Quantization& from) {
    return RequantizingTable(context.dtype(kX), from, z, [](float value) { return value; })
        .entries();
  };
  return LoweredNode{lowered::ByteSelect{table(x), table(y)}, {kCondition, kX, kY}};
}

constexpr int kSince[] = {1};

}  // namespace

const OpDef kQLinearWhereOp = {
    .name = "QLinearWhere",
    .domain = "com.microsoft",
    .since = kSince,
    .min_inputs = 8,
    .max_inputs = 9,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteUnchanged,
    .commute_inputs = CommuteBroadcastInputs,
};

}  // namespace insitu
