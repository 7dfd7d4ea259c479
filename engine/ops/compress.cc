// Compress: the slices along one axis for which a condition holds, or, without an axis, the
// elements of the flattened data. https://onnx.ai/onnx/operators/onnx__Compress.html (11). A
// condition shorter than the axis drops what it does not reach; a true one behind the axis is
// InvalidArgument.
#include <algorithm>

#include "ops/axes.h"
#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

Status CheckCondition(const Shape& condition) {
  if (condition.size() == 1) return {};
  return Fail(ErrorCode::kShapeMismatch,
              "the condition has shape " + ToString(condition) + ", but one axis is needed");
}

Result<std::optional<size_t>> AxisOf(const Node& node, size_t rank) {
  if (!node.Has("axis")) return std::nullopt;
  INSITU_ASSIGN(const size_t axis, NormalizeAxis(node.Attr<int64_t>("axis", 0), rank));
  return axis;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  INSITU_TRY(RequireType(context, 1, kBoolType));
  if (const Shape* condition = context.shape(1)) INSITU_TRY(CheckCondition(*condition));
  Dim count;
  if (const auto flags = context.known_integers(1))
    count = static_cast<int64_t>(flags->size()) - std::ranges::count(*flags, 0);
  const Shape* shape = context.shape(0);
  std::optional<Shape> result;
  if (!context.node().Has("axis")) {
    result = {count};
  } else if (shape) {
    INSITU_ASSIGN(const auto axis, AxisOf(context.node(), shape->size()));
    result = *shape;
    (*result)[*axis] = count;
  }
  context.SetOutput(0, context.dtype(0), std::move(result));
  return {};
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[0], &condition = context.inputs[1];
  INSITU_TRY(CheckCondition(ToShape(condition.dims)));
  INSITU_ASSIGN(const auto axis, AxisOf(context.node, x.dims.size()));
  const std::span<const uint8_t> flags = condition.As<uint8_t>();
  const auto chosen = static_cast<int64_t>(flags.size()) - std::ranges::count(flags, 0);
  Dims dims = {chosen};
  int64_t outer = 1, extent = x.elements(), inner = 1;
  if (axis) {
    const std::span<const int64_t> x_dims = x.dims;
    outer = ElementsUnchecked(x_dims.first(*axis));
    extent = x_dims[*axis];
    inner = ElementsUnchecked(x_dims.subspan(*axis + 1));
    dims = x.dims;
    dims[*axis] = chosen;
  }
  for (size_t i = static_cast<size_t>(extent); i < flags.size(); ++i)
    if (flags[i])
      return Fail(ErrorCode::kInvalidArgument, "the condition chooses index " + std::to_string(i) +
                                                   " of an axis of extent " +
                                                   std::to_string(extent));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  int64_t to = 0;
  for (int64_t o = 0; o < outer; ++o)
    for (size_t i = 0; i < flags.size(); ++i) {
      if (!flags[i]) continue;
      CopyElements(x, (o * extent + static_cast<int64_t>(i)) * inner, y, to, inner);
      to += inner;
    }
  return {};
}

constexpr int kSince[] = {9, 11};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt}};

}  // namespace

const OpDef kCompressOp = {
    .name = "Compress",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "its extents depend on the data",
};

}  // namespace insitu
