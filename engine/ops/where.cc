// Where: elementwise choice between two tensors by a condition, with numpy broadcasting.
// https://onnx.ai/onnx/operators/onnx__Where.html (16). Values are moved, never computed with.
#include "ops/broadcast.h"
#include "ops/copy.h"
#include "ops/ops.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kBoolType));
  INSITU_TRY(RequireType(context, 1, kAllTypes));
  INSITU_TRY(RequireSameType(context, 1, 2));
  INSITU_ASSIGN(auto shape, InferBroadcast(context));
  context.SetOutput(0, context.dtype(1), std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const std::span<const TensorView> inputs = context.inputs.first(3);
  INSITU_ASSIGN(Dims dims, BroadcastDims(inputs));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, inputs[1].dtype, std::move(dims)));
  BroadcastLoop loop(y.dims, inputs);
  while (loop.Next(y.elements())) {
    const BroadcastRow& row = loop.row();
    const auto condition = [&](int64_t i) {
      return inputs[0].data[row.inputs[0] + i * row.strides[0]] != std::byte{0};
    };
    for (int64_t start = 0, end; start < row.count; start = end) {
      const bool chosen = condition(start);
      for (end = start + 1; end < row.count && condition(end) == chosen;) ++end;
      const size_t k = chosen ? 1 : 2;
      CopyLine(inputs[k], row.inputs[k] + start * row.strides[k], row.strides[k], y,
               row.output + start, 1, end - start);
    }
  }
  return {};
}

constexpr int kSince[] = {9, 16};

}  // namespace

const OpDef kWhereOp = {
    .name = "Where",
    .since = kSince,
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend selects",
    .commute = CommuteUnchanged,
    .commute_inputs = CommuteBroadcastInputs,
};

}  // namespace insitu
