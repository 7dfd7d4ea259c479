// Expand: broadcasts a tensor to a shape, both ways: extents of 1 in either give way.
// https://onnx.ai/onnx/operators/onnx__Expand.html (13).
#include "base/checked.h"
#include "base/limits.h"
#include "ops/broadcast.h"
#include "ops/reshape_util.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const std::vector<Dim>* target = context.elements(1);
  if (!target || !context.shape(0)) return {};
  for (const Dim& dim : *target)
    if (dim.IsKnown() && dim.value() < 0)
      return Fail(ErrorCode::kInvalidModel, "the target " + ToString(*target) + " is negative");
  auto shape = BroadcastShape(*context.shape(0), *target);
  if (!shape)
    return Fail(ErrorCode::kShapeMismatch,
                "input " + context.Describe(0) + " cannot be expanded to " + ToString(*target));
  const bool one = context.elements(0) && context.elements(0)->size() == 1;
  const auto dims = KnownDims(*shape);
  context.SetOutput(0, context.dtype(0), std::move(shape));
  if (one && dims && CheckedProduct(*dims).value_or(65) <= 64)
    context.SetElements(0, std::vector<Dim>(static_cast<size_t>(ElementsUnchecked(*dims)),
                                            context.elements(0)->front()));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  if (context.inputs[1].elements() > CurrentLimits().max_rank)
    return Fail(ErrorCode::kLimitExceeded, "the target has too many extents");
  const std::vector<int64_t> target = ReadIntegers(context.inputs[1]);
  const auto shape = BroadcastShape(ToShape(x.dims), ToShape(target));
  if (!shape)
    return Fail(ErrorCode::kShapeMismatch, "dims " + ToString(x.dims) + " cannot be expanded to " +
                                               ToString(std::span(target)));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, *KnownDims(*shape)));
  BroadcastLoop loop(y.dims, context.inputs.first(1));
  while (loop.Next(y.elements())) {
    const BroadcastRow& row = loop.row();
    CopyLine(x, row.inputs[0], row.strides[0], y, row.output, 1, row.count);
  }
  return {};
}

constexpr int kSince[] = {8, 13};

}  // namespace

const OpDef kExpandOp = {
    .name = "Expand",
    .since = kSince,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "a copy the reference makes as fast",
};

}  // namespace insitu
