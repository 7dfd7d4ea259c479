// Identity: the input, unchanged; sequences and optional values too.
// https://onnx.ai/onnx/operators/onnx__Identity.html (21).
#include "ops/reshape_util.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  if (!IsTensorType(context.dtype(0))) {
    context.SetType(0, context.type(0));
    return {};
  }
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  SetReshaped(context, ShapeOf(context, 0));
  return {};
}

Status Run(RunContext& context) {
  if (IsTensorType(context.inputs[0].dtype)) return RunReshaped(context, context.inputs[0].dims);
  context.results[0] = context.tensors[0];
  return {};
}

constexpr int kSince[] = {1, 13, 14, 16, 19, 21};

}  // namespace

const OpDef kIdentityOp = {
    .name = "Identity",
    .since = kSince,
    .infer = Infer,
    .run = Run,
    .lower = LowerReshape,
    .commute = CommuteUnchanged,
};

}  // namespace insitu
