// Shape: the extents of a tensor, or of the axes [start, end), as int64; Size: their product.
// https://onnx.ai/onnx/operators/onnx__Shape.html (21), onnx__Size.html (21).
// The source of the symbolic elements that make Shape -> Gather -> Concat -> Reshape resolve.
#include <algorithm>

#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

struct AxisRange {
  size_t begin, end;
};

// Out-of-range bounds are clamped, negative ones count from the end.
AxisRange RangeOf(const Node& node, size_t rank) {
  const auto bound = static_cast<int64_t>(rank);
  const auto clamp = [&](int64_t axis) {
    return static_cast<size_t>(std::clamp<int64_t>(axis < 0 ? axis + bound : axis, 0, bound));
  };
  const size_t begin = clamp(node.Attr<int64_t>("start", 0));
  return {begin, std::max(begin, clamp(node.Attr<int64_t>("end", bound)))};
}

Status InferShape(InferContext& context) {
  const Shape* shape = context.shape(0);
  if (!shape) {
    context.SetOutput(0, DType::kInt64, Shape{Dim::Unknown()});
    return {};
  }
  const AxisRange range = RangeOf(context.node(), shape->size());
  const auto first = shape->begin();
  std::vector<Dim> elements(first + static_cast<ptrdiff_t>(range.begin),
                            first + static_cast<ptrdiff_t>(range.end));
  context.SetOutput(0, DType::kInt64, Shape{Dim(static_cast<int64_t>(elements.size()))});
  context.SetElements(0, std::move(elements));
  return {};
}

Status RunShape(RunContext& context) {
  const Dims& dims = context.inputs[0].dims;
  const AxisRange range = RangeOf(context.node, dims.size());
  const auto count = static_cast<int64_t>(range.end - range.begin);
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, DType::kInt64, {count}));
  for (size_t i = range.begin; i < range.end; ++i) y.As<int64_t>()[i - range.begin] = dims[i];
  return {};
}

Status InferSize(InferContext& context) {
  context.SetOutput(0, DType::kInt64, Shape{});
  if (const Shape* shape = context.shape(0)) context.SetElements(0, {Product(*shape)});
  return {};
}

Status RunSize(RunContext& context) {
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, DType::kInt64, {}));
  y.As<int64_t>()[0] = context.inputs[0].elements();
  return {};
}

constexpr int kShapeSince[] = {1, 13, 15, 19, 21};
constexpr int kSizeSince[] = {1, 13, 19, 21};
constexpr AttrSpec kAttributes[] = {{"start", AttrKind::kInt}, {"end", AttrKind::kInt}};
constexpr std::string_view kNoLowering = "extents are known to the plan";

}  // namespace

const OpDef kShapeOp = {
    .name = "Shape",
    .since = kShapeSince,
    .attributes = kAttributes,
    .infer = InferShape,
    .run = RunShape,
    .no_lowering = kNoLowering,
};

const OpDef kSizeOp = {
    .name = "Size",
    .since = kSizeSince,
    .infer = InferSize,
    .run = RunSize,
    .no_lowering = kNoLowering,
};

}  // namespace insitu
