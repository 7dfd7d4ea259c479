// Flatten: a matrix, of the product of the axes before `axis` and the product of the others.
// https://onnx.ai/onnx/operators/onnx__Flatten.html (21). `axis` may equal the rank.
#include "ops/axes.h"
#include "ops/reshape_util.h"

namespace insitu {
namespace {

Result<Shape> Flattened(const Node& node, std::span<const Dim> shape) {
  const int64_t axis = node.Attr<int64_t>("axis", 1);
  size_t split = shape.size();
  if (axis != static_cast<int64_t>(split)) {
    INSITU_ASSIGN(split, NormalizeAxis(axis, shape.size()));
  }
  return Shape{Product(shape.first(split)), Product(shape.subspan(split))};
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  SetReshaped(context, Shape{Dim::Unknown(), Dim::Unknown()});
  if (const Shape* shape = context.shape(0)) {
    INSITU_ASSIGN(Shape flattened, Flattened(context.node(), *shape));
    SetReshaped(context, std::move(flattened));
  }
  return {};
}

Status Run(RunContext& context) {
  INSITU_ASSIGN(const Shape flattened, Flattened(context.node, ToShape(context.inputs[0].dims)));
  const auto dims = KnownDims(flattened);
  if (!dims) return Fail(ErrorCode::kLimitExceeded, "the extents overflow");
  return RunReshaped(context, *dims);
}

constexpr int kSince[] = {1, 9, 11, 13, 21};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt}};

}  // namespace

const OpDef kFlattenOp = {
    .name = "Flatten",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run,
    .lower = LowerReshape,
};

}  // namespace insitu
