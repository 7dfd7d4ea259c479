// OneHot: for every index a new axis of extent `depth` that holds the on-value at the index and the
// off-value elsewhere. https://onnx.ai/onnx/operators/onnx__OneHot.html (11).
// Indices in [-depth, -1] count from the end; any other index outside [0, depth) gives off alone.
#include "ops/axes.h"
#include "ops/copy.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

// The dims of `indices` with `depth` put in at the axis, which is counted in the result.
Result<Shape> OutputShape(const Node& node, const Shape& indices, const Dim& depth) {
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(node.Attr<int64_t>("axis", -1), indices.size() + 1));
  if (depth.IsKnown() && depth.value() < 0)
    return Fail(ErrorCode::kInvalidArgument,
                "the depth of OneHot is " + depth.ToString() + ", but must not be negative");
  Shape shape = indices;
  shape.insert(shape.begin() + static_cast<ptrdiff_t>(axis), depth);
  return shape;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kNumericTypes));
  INSITU_TRY(RequireType(context, 1, kNumericTypes));
  INSITU_TRY(RequireType(context, 2, kAllTypes));
  context.SetOutput(0, context.dtype(2), std::nullopt);
  const Shape* indices = context.shape(0);
  if (!indices) return {};
  Dim depth;
  if (const Tensor* constant = context.constant(1); constant && constant->elements() == 1)
    depth = LoadInteger(constant->View(), 0);
  else if (const auto* elements = context.elements(1); elements && elements->size() == 1)
    depth = elements->front();
  INSITU_ASSIGN(Shape shape, OutputShape(context.node(), *indices, depth));
  context.SetOutput(0, context.dtype(2), std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView &indices = context.inputs[0], &values = context.inputs[2];
  if (context.inputs[1].elements() != 1 || values.elements() != 2)
    return Fail(ErrorCode::kShapeMismatch,
                "OneHot takes a depth of one element and two values, off and on");
  const int64_t depth = LoadInteger(context.inputs[1], 0);
  INSITU_ASSIGN(const Shape shape, OutputShape(context.node, ToShape(indices.dims), depth));
  INSITU_ASSIGN(Dims dims, DimsOfRun(shape));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, values.dtype, std::move(dims)));
  CopyLine(values, 0, 0, y, 0, 1, y.elements());
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node.Attr<int64_t>("axis", -1), indices.dims.size() + 1));
  const int64_t inner = ElementsUnchecked(std::span(indices.dims).subspan(axis));
  const int64_t count = indices.elements();
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = LoadInteger(indices, i);
    if (index < -depth || index >= depth) continue;
    const int64_t at = index < 0 ? index + depth : index;
    CopyElements(values, 1, y, (i / inner * depth + at) * inner + i % inner, 1);
  }
  return {};
}

constexpr int kSince[] = {9, 11};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt}};

}  // namespace

const OpDef kOneHotOp = {
    .name = "OneHot",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend has it",
};

}  // namespace insitu
