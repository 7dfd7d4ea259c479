// Dropout at inference: the input, unchanged, and a mask of true.
// https://onnx.ai/onnx/operators/onnx__Dropout.html (22). Training mode is not supported.
#include <cstring>

#include "ops/elements.h"
#include "ops/reshape_util.h"

namespace insitu {
namespace {

Status RefuseTraining() {
  return Fail(ErrorCode::kUnsupportedOp, "Dropout in training mode is not supported",
              "Export the model for inference.");
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  if (const Tensor* training = context.constant(2))
    if (training->elements() == 1 && LoadInteger(training->View(), 0) != 0)
      return RefuseTraining();
  SetReshaped(context, ShapeOf(context, 0));
  context.SetOutput(1, DType::kBool, ShapeOf(context, 0));
  return {};
}

Status Run(RunContext& context) {
  if (context.HasInput(2) && context.inputs[2].elements() == 1 &&
      LoadInteger(context.inputs[2], 0) != 0)
    return RefuseTraining();
  const Dims& dims = context.inputs[0].dims;
  if (WantsOutput(context, 1)) {
    INSITU_ASSIGN(const TensorView mask, RunOutput(context, 1, DType::kBool, dims));
    if (mask.size_bytes() > 0) std::memset(mask.data, 1, mask.size_bytes());
  }
  return RunReshaped(context, dims);
}

Lowering Lower(const LowerContext& context) {
  const std::vector<ValueId>& outputs = context.node().outputs;
  if (outputs.size() > 1 && outputs[1] != kNoValue) return Refuse("the mask is asked for");
  return LowerReshape(context);
}

constexpr int kSince[] = {1, 6, 7, 10, 12, 13, 22};
constexpr AttrSpec kAttributes[] = {{"seed", AttrKind::kInt}};

}  // namespace

const OpDef kDropoutOp = {
    .name = "Dropout",
    .since = kSince,
    .attributes = kAttributes,
    .max_inputs = 3,
    .max_outputs = 2,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteUnchanged,
};

}  // namespace insitu
