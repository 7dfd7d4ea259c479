// Identity: the input, unchanged. https://onnx.ai/onnx/operators/onnx__Identity.html (21).
#include "ops/reshape_util.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  SetReshaped(context, ShapeOf(context, 0));
  return {};
}

Status Run(RunContext& context) { return RunReshaped(context, context.inputs[0].dims); }

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
