// GatherElements: for every index, the element of the data at the same place but for the index
// along one axis. https://onnx.ai/onnx/operators/onnx__GatherElements.html (13).
#include "ops/axes.h"
#include "ops/indices.h"
#include "ops/ops.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  const Shape *data = context.shape(0), *indices = context.shape(1);
  context.SetOutput(0, context.dtype(0), ShapeOf(context, 1));
  if (!data || !indices) return {};
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node().Attr<int64_t>("axis", 0), data->size()));
  return CheckElementIndices(*data, *indices, axis);
}

Status Run(RunContext& context) {
  const TensorView &data = context.inputs[0], &indices = context.inputs[1];
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node.Attr<int64_t>("axis", 0), data.dims.size()));
  INSITU_TRY(CheckElementIndices(ToShape(data.dims), ToShape(indices.dims), axis));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, data.dtype, indices.dims));
  return ForEachIndexedElement(
      data, indices, axis, [&](int64_t i, int64_t offset) { CopyElements(data, offset, y, i, 1); });
}

constexpr int kSince[] = {11, 13};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt}};

}  // namespace

const OpDef kGatherElementsOp = {
    .name = "GatherElements",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend gathers",
};

}  // namespace insitu
