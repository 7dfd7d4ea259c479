// ConcatFromSequence: the tensors of a sequence joined along an axis, or along a new one.
// https://onnx.ai/onnx/operators/onnx__ConcatFromSequence.html (11)
#include "ops/axes.h"
#include "ops/control_flow.h"
#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, {DType::kSequence}));
  const auto& element = context.type(0).element;
  context.SetOutput(0, element ? element->dtype : DType::kUndefined, std::nullopt);
  return {};
}

Result<Tensor> Join(std::span<const Tensor> items, size_t axis) {
  Dims dims = items[0].dims();
  for (const Tensor& item : items.subspan(1)) {
    Dims expected = items[0].dims();
    if (item.dims().size() == expected.size()) expected[axis] = item.dims()[axis];
    if (item.dims() != expected || item.dtype() != items[0].dtype())
      return Fail(ErrorCode::kShapeMismatch,
                  "tensors of " + ToString(items[0].dims()) + " and " + ToString(item.dims()) +
                      " cannot be joined along axis " + std::to_string(axis));
    dims[axis] += item.dims()[axis];
  }
  INSITU_ASSIGN(Tensor joined, Tensor::Allocate(items[0].dtype(), dims));
  const auto steps = RowMajorSteps(dims);
  int64_t at = 0;
  for (const Tensor& item : items) {
    CopyStrided(item.View(), {0, RowMajorSteps(item.dims())}, joined.View(),
                {at * steps[axis], steps}, item.dims());
    at += item.dims()[axis];
  }
  return joined;
}

Status Run(RunContext& context) {
  const auto items = context.tensors[0].items();
  if (items.empty())
    return Fail(ErrorCode::kInvalidArgument, "an empty sequence cannot be joined to a tensor");
  const bool fresh = context.node.Attr<int64_t>("new_axis", 0) != 0;
  INSITU_ASSIGN(const size_t axis, NormalizeAxis(context.node.Attr<int64_t>("axis", 0),
                                                 items[0].dims().size() + (fresh ? 1 : 0)));
  INSITU_ASSIGN(context.results[0],
                fresh ? Stack(items, items[0].dtype(), items[0].dims(), axis) : Join(items, axis));
  return {};
}

constexpr int kSince[] = {11};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt, true}, {"new_axis", AttrKind::kInt}};

}  // namespace

const OpDef kConcatFromSequenceOp = {.name = "ConcatFromSequence",
                                     .since = kSince,
                                     .attributes = kAttributes,
                                     .infer = Infer,
                                     .run = Run,
                                     .no_lowering = "backends compute tensors, not sequences",
                                     .deterministic = false};

}  // namespace insitu
