// PRelu: x where x >= 0, slope * x below; slope broadcasts to x.
// https://onnx.ai/onnx/operators/onnx__PRelu.html (16).
#include "ops/broadcast.h"
#include "ops/ops.h"

namespace insitu {
namespace {

struct PRelu {
  template <class T>
  static T Of(T x, T slope) {
    if constexpr (std::is_same_v<T, int64_t>)
      return x < 0 ? static_cast<T>(static_cast<uint64_t>(x) * static_cast<uint64_t>(slope)) : x;
    return x < 0 ? x * slope : x;
  }
};

Status SlopeTooLarge(const std::string& slope, const std::string& x) {
  return Fail(ErrorCode::kShapeMismatch, "slope " + slope + " does not broadcast to " + x,
              "PRelu broadcasts in one direction: the slope must not widen the data.");
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireSameType(context, 0, 1));
  INSITU_TRY(InferSame(context, kNumericTypes));
  INSITU_ASSIGN(const auto shape, InferBroadcast(context));
  if (!shape) return {};
  auto widened = KnownDims(*shape), dims = KnownDims(*context.shape(0));
  if (widened && dims && *widened != *dims)
    return SlopeTooLarge(context.Describe(1), context.Describe(0));
  return {};
}

Status Run(RunContext& context) {
  INSITU_ASSIGN(const Dims dims, BroadcastDims(context.inputs.first(2)));
  if (dims != context.inputs[0].dims)
    return SlopeTooLarge(ToString(context.inputs[1].dims), ToString(context.inputs[0].dims));
  INSITU_TRY(RunBinary<PRelu>(context, context.inputs[0].dtype));
  return {};
}

constexpr int kSince[] = {1, 6, 7, 9, 16};

}  // namespace

const OpDef kPReluOp = {
    .name = "PRelu",
    .since = kSince,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend offers a slope per channel",
    .commute = CommuteUnchanged,
    .commute_inputs = CommuteBroadcastInputs,
};

}  // namespace insitu
