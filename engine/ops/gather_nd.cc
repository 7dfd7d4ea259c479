// GatherND: slices of the data named by tuples of indices, behind batch axes that both share.
// https://onnx.ai/onnx/operators/onnx__GatherND.html (13).
// Output dims: indices without its last axis, then the axes of the data that the tuples leave.
#include "ops/indices.h"
#include "ops/ops.h"

namespace insitu {
namespace {

Result<Shape> OutputShape(const Node& node, const Shape& data, const Shape& indices) {
  const auto batch_dims = node.Attr<int64_t>("batch_dims", 0);
  if (batch_dims < 0)
    return Fail(ErrorCode::kInvalidModel,
                "batch_dims is " + std::to_string(batch_dims) + ", but must not be negative");
  INSITU_TRY(CheckTupleIndices(data, indices, static_cast<size_t>(batch_dims)));
  Shape shape(indices.begin(), indices.end() - 1);
  shape.insert(shape.end(), data.begin() + batch_dims + indices.back().value(), data.end());
  return shape;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  INSITU_TRY(RequireType(context, 1, {DType::kInt64}));
  const Shape *data = context.shape(0), *indices = context.shape(1);
  context.SetOutput(0, context.dtype(0), std::nullopt);
  if (!data || !indices || (!indices->empty() && !indices->back().IsKnown())) return {};
  INSITU_ASSIGN(Shape shape, OutputShape(context.node(), *data, *indices));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView &data = context.inputs[0], &indices = context.inputs[1];
  INSITU_ASSIGN(const Shape shape,
                OutputShape(context.node, ToShape(data.dims), ToShape(indices.dims)));
  INSITU_ASSIGN(Dims dims, DimsOfRun(shape));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, data.dtype, std::move(dims)));
  const auto batch_dims = static_cast<size_t>(context.node.Attr<int64_t>("batch_dims", 0));
  return ForEachIndexedSlice(data, indices, batch_dims,
                             [&](int64_t t, int64_t offset, int64_t count) {
                               CopyElements(data, offset, y, t * count, count);
                             });
}

constexpr int kSince[] = {11, 12, 13};
constexpr AttrSpec kAttributes[] = {{"batch_dims", AttrKind::kInt}};

}  // namespace

const OpDef kGatherNDOp = {
    .name = "GatherND",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend gathers",
};

}  // namespace insitu
