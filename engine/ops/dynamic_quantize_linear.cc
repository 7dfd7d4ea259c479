// DynamicQuantizeLinear: quantizes a float tensor to uint8 by its own range, widened to contain 0.
// https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html (11), all in float32:
//   scale = (max - min) / 255, or 1 where the range is empty
//   zero_point = saturate(rint_half_even(-min / scale))
//   y = saturate(rint_half_even(x / scale) + zero_point)
#include <algorithm>

#include "ops/dynamic_range.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/requantize.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, {DType::kFloat32}));
  context.SetOutput(0, DType::kUint8, ShapeOf(context, 0));
  context.SetOutput(1, DType::kFloat32, Shape{});
  context.SetOutput(2, DType::kUint8, Shape{});
  return {};
}

Status Run(RunContext& context) {
  const auto x = context.inputs[0].As<float>();
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, DType::kUint8, context.inputs[0].dims));
  INSITU_ASSIGN(TensorView scale, RunOutput(context, 1, DType::kFloat32, {}));
  INSITU_ASSIGN(TensorView zero_point, RunOutput(context, 2, DType::kUint8, {}));
  const Quantization range = DynamicRange(x);
  scale.As<float>()[0] = range.scale;
  zero_point.As<uint8_t>()[0] = static_cast<uint8_t>(range.zero_point);
  const auto out = y.As<uint8_t>();
  for (size_t i = 0; i < x.size(); ++i)
    out[i] = static_cast<uint8_t>(
        RoundToRange(x[i] / range.scale, range.zero_point, RangeOf<uint8_t>({})));
  return {};
}

Lowering Lower(const LowerContext& context) {
  if (std::ranges::count(context.node().outputs, kNoValue) > 0)
    return Refuse("an output is left out");
  return LoweredNode{lowered::DynamicQuantize{}, {0}};
}

constexpr int kSince[] = {11};

}  // namespace

const OpDef kDynamicQuantizeLinearOp = {
    .name = "DynamicQuantizeLinear",
    .since = kSince,
    .min_outputs = 3,
    .max_outputs = 3,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteUnchanged,
};

}  // namespace insitu
