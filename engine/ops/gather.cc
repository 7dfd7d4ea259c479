// Gather: slices of the data along one axis, chosen by indices.
// https://onnx.ai/onnx/operators/onnx__Gather.html (13).
// Output dims: data[:axis] + indices + data[axis+1:]. Negative indices count from the end; an index
// outside [-extent, extent) is InvalidArgument.
#include "ops/axes.h"
#include "ops/indices.h"
#include "ops/ops.h"

namespace insitu {
namespace {

template <class T>
std::vector<T> GatheredDims(std::span<const T> data, size_t axis, std::span<const T> indices) {
  std::vector<T> dims(data.begin(), data.begin() + static_cast<ptrdiff_t>(axis));
  dims.insert(dims.end(), indices.begin(), indices.end());
  dims.insert(dims.end(), data.begin() + static_cast<ptrdiff_t>(axis) + 1, data.end());
  return dims;
}

Status InferElements(InferContext& context) {
  const std::vector<Dim>* elements = context.elements(0);
  const auto indices = context.known_integers(1);
  if (!elements || !indices) return {};
  const auto count = static_cast<int64_t>(elements->size());
  std::vector<Dim> gathered;
  for (int64_t index : *indices) {
    INSITU_ASSIGN(const int64_t at, WrapIndex(index, count));
    gathered.push_back((*elements)[static_cast<size_t>(at)]);
  }
  context.SetElements(0, std::move(gathered));
  return {};
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  const Shape *data = context.shape(0), *indices = context.shape(1);
  context.SetOutput(0, context.dtype(0), std::nullopt);
  if (!data) return {};
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node().Attr<int64_t>("axis", 0), data->size()));
  if (!indices) return {};
  context.SetOutput(0, context.dtype(0), GatheredDims<Dim>(*data, axis, *indices));
  if (data->size() == 1) return InferElements(context);
  return {};
}

Status Run(RunContext& context) {
  const TensorView &data = context.inputs[0], &indices = context.inputs[1];
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node.Attr<int64_t>("axis", 0), data.dims.size()));
  INSITU_ASSIGN(
      const TensorView y,
      RunOutput(context, 0, data.dtype, GatheredDims<int64_t>(data.dims, axis, indices.dims)));
  const std::span<const int64_t> dims = data.dims;
  const int64_t outer = ElementsUnchecked(dims.first(axis)), extent = dims[axis],
                inner = ElementsUnchecked(dims.subspan(axis + 1)), count = indices.elements();
  for (int64_t i = 0; i < count; ++i) {
    INSITU_ASSIGN(const int64_t at, WrapIndex(LoadInteger(indices, i), extent));
    for (int64_t o = 0; o < outer; ++o)
      CopyElements(data, (o * extent + at) * inner, y, (o * count + i) * inner, inner);
  }
  return {};
}

constexpr int kSince[] = {1, 11, 13};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt}};

}  // namespace

const OpDef kGatherOp = {
    .name = "Gather",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend gathers",
};

}  // namespace insitu
