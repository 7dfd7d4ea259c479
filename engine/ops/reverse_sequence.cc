// ReverseSequence: the first sequence_lens[b] steps of every sequence b in reverse, the rest as
// they are. https://onnx.ai/onnx/operators/onnx__ReverseSequence.html (10). The batch and time axes
// are the first two, in either order.
#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

// Whether time is axis 0; an error unless the axes are 0 and 1.
Result<bool> TimeIsFirst(const Node& node) {
  const auto time = node.Attr<int64_t>("time_axis", 0), batch = node.Attr<int64_t>("batch_axis", 1);
  if ((time == 0 && batch == 1) || (time == 1 && batch == 0)) return time == 0;
  return Fail(ErrorCode::kInvalidModel, "time_axis " + std::to_string(time) + " and batch_axis " +
                                            std::to_string(batch) + " are not 0 and 1");
}

Status CheckShapes(const Shape& x, const Shape& lengths, bool time_first) {
  if (x.size() >= 2 && lengths.size() == 1 && !Differ(lengths[0], x[time_first ? 1 : 0])) return {};
  return Fail(ErrorCode::kShapeMismatch, "lengths of shape " + ToString(lengths) +
                                             " do not fit an input of shape " + ToString(x) +
                                             ": one number for every sequence is needed");
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  INSITU_TRY(RequireType(context, 1, {DType::kInt64}));
  INSITU_ASSIGN(const bool time_first, TimeIsFirst(context.node()));
  context.SetOutput(0, context.dtype(0), ShapeOf(context, 0));
  const Shape *x = context.shape(0), *lengths = context.shape(1);
  if (!x || !lengths) return {};
  return CheckShapes(*x, *lengths, time_first);
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[0], &lengths = context.inputs[1];
  INSITU_ASSIGN(const bool time_first, TimeIsFirst(context.node));
  INSITU_TRY(CheckShapes(ToShape(x.dims), ToShape(lengths.dims), time_first));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  const int64_t steps = x.dims[time_first ? 0 : 1], batch = x.dims[time_first ? 1 : 0];
  const int64_t inner = ElementsUnchecked(std::span(x.dims).subspan(2));
  const int64_t step = inner * (time_first ? batch : 1), next = inner * (time_first ? 1 : steps);
  for (int64_t b = 0; b < batch; ++b) {
    const int64_t length = lengths.As<int64_t>()[static_cast<size_t>(b)];
    if (length < 0 || length > steps)
      return Fail(ErrorCode::kInvalidArgument,
                  "the length " + std::to_string(length) + " of sequence " + std::to_string(b) +
                      " is outside [0, " + std::to_string(steps) + "]");
    for (int64_t t = 0; t < steps; ++t)
      CopyElements(x, b * next + (t < length ? length - 1 - t : t) * step, y, b * next + t * step,
                   inner);
  }
  return {};
}

constexpr int kSince[] = {10};
constexpr AttrSpec kAttributes[] = {{"batch_axis", AttrKind::kInt}, {"time_axis", AttrKind::kInt}};

}  // namespace

const OpDef kReverseSequenceOp = {
    .name = "ReverseSequence",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "a copy the reference makes as fast",
};

}  // namespace insitu
