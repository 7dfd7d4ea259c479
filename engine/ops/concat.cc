// Concat: tensors joined along one axis. https://onnx.ai/onnx/operators/onnx__Concat.html (13).
// All other extents must agree.
#include "ops/axes.h"
#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

// Adds `other` behind `joined`; false when they do not fit.
bool Join(Shape& joined, std::span<const Dim> other, size_t axis) {
  if (joined.size() != other.size()) return false;
  for (size_t i = 0; i < joined.size(); ++i) {
    if (i == axis) {
      joined[i] = joined[i] + other[i];
    } else if (!joined[i].IsKnown()) {
      if (other[i].IsKnown()) joined[i] = other[i];
    } else if (other[i].IsKnown() && !(joined[i] == other[i])) {
      return false;
    }
  }
  return true;
}

void InferElements(InferContext& context) {
  std::vector<Dim> joined;
  for (size_t i = 0; i < context.input_count(); ++i) {
    const std::vector<Dim>* elements = context.elements(i);
    const Shape* shape = context.shape(i);
    if (elements) {
      joined.insert(joined.end(), elements->begin(), elements->end());
    } else if (shape && (*shape)[0].IsKnown() && (*shape)[0].value() <= 64) {
      joined.resize(joined.size() + static_cast<size_t>((*shape)[0].value()));
    } else {
      return;
    }
    if (joined.size() > kMostKnownElements) return;
  }
  context.SetElements(0, std::move(joined));
}

Status Infer(InferContext& context) {
  std::optional<Shape> joined;
  size_t axis = 0;
  bool complete = true;
  for (size_t i = 0; i < context.input_count(); ++i) {
    INSITU_TRY(RequireType(context, i, kAllTypes));
    INSITU_TRY(RequireSameType(context, 0, i));
    const Shape* shape = context.shape(i);
    complete = complete && shape;
    if (!shape) continue;
    if (!joined) {
      INSITU_ASSIGN(axis, NormalizeAxis(context.node().Attr<int64_t>("axis", 0), shape->size()));
      joined = *shape;
    } else if (!Join(*joined, *shape, axis)) {
      return Fail(ErrorCode::kShapeMismatch,
                  "input " + context.Describe(i) + " cannot be joined along axis " +
                      std::to_string(axis) + " with " + ToString(*joined),
                  "All extents but that of the axis must agree.");
    }
  }
  if (joined && !complete) (*joined)[axis] = Dim::Unknown();
  const bool is_vector = joined && joined->size() == 1;
  context.SetOutput(0, context.dtype(0), std::move(joined));
  if (is_vector && complete) InferElements(context);
  return {};
}

Status Run(RunContext& context) {
  const std::span<const TensorView> inputs = context.inputs;
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node.Attr<int64_t>("axis", 0), inputs[0].dims.size()));
  Shape joined = ToShape(inputs[0].dims);
  for (const TensorView& input : inputs.subspan(1))
    if (!Join(joined, ToShape(input.dims), axis))
      return Fail(ErrorCode::kShapeMismatch,
                  "dims " + ToString(input.dims) + " cannot be joined with " + ToString(joined));
  const auto dims = KnownDims(joined);
  if (!dims) return Fail(ErrorCode::kLimitExceeded, "the joined extent overflows");
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, inputs[0].dtype, *dims));
  const int64_t outer = ElementsUnchecked(std::span(*dims).first(axis)),
                inner = ElementsUnchecked(std::span(*dims).subspan(axis + 1)),
                row = (*dims)[axis] * inner;
  int64_t offset = 0;
  for (const TensorView& input : inputs) {
    const int64_t part = input.dims[axis] * inner;
    for (int64_t o = 0; o < outer; ++o) CopyElements(input, o * part, y, o * row + offset, part);
    offset += part;
  }
  return {};
}

Lowering Lower(const LowerContext& context) {
  const Shape* shape = context.output_shape(0);
  if (!shape) return Refuse("the rank is not known");
  auto axis = NormalizeAxis(context.node().Attr<int64_t>("axis", 0), shape->size());
  if (!axis) return Refuse(axis.error());
  const size_t count = context.node().inputs.size();
  LoweredNode lowered{
      lowered::Concat{context.dtype(0), static_cast<int64_t>(*axis), static_cast<int64_t>(count)},
      {}};
  for (size_t i = 0; i < count; ++i) lowered.operands.push_back(i);
  return lowered;
}

std::optional<Attributes> Commute(const Graph&, const Node& node, std::span<const int64_t> perm) {
  return CommuteAxis(node, perm, 0);
}

constexpr int kSince[] = {1, 4, 11, 13};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt, true}};

}  // namespace

const OpDef kConcatOp = {
    .name = "Concat",
    .since = kSince,
    .attributes = kAttributes,
    .max_inputs = -1,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = Commute,
};

}  // namespace insitu
