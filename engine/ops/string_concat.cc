// StringConcat: elementwise, with broadcasting.
// https://onnx.ai/onnx/operators/onnx__StringConcat.html (20)
#include "ops/broadcast.h"
#include "ops/ops.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kStringType));
  INSITU_TRY(RequireType(context, 1, kStringType));
  INSITU_ASSIGN(auto shape, InferBroadcast(context));
  context.SetOutput(0, DType::kString, std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  INSITU_ASSIGN(Dims dims, BroadcastDims(context.inputs));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, DType::kString, std::move(dims)));
  BroadcastLoop loop(y.dims, context.inputs);
  while (loop.Next(1)) {
    const BroadcastRow& row = loop.row();
    (*y.strings)[static_cast<size_t>(row.output)] =
        (*context.inputs[0].strings)[static_cast<size_t>(row.inputs[0])] +
        (*context.inputs[1].strings)[static_cast<size_t>(row.inputs[1])];
  }
  return {};
}

constexpr int kSince[] = {20};

}  // namespace

const OpDef kStringConcatOp = {.name = "StringConcat",
                               .since = kSince,
                               .min_inputs = 2,
                               .max_inputs = 2,
                               .infer = Infer,
                               .run = Run,
                               .no_lowering = "backends compute numbers, not strings"};

}  // namespace insitu
