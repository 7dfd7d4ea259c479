// Checks and reading of the granularity attributes `axis` and `block_size`.
#include "ops/quantized_axis.h"

#include "ops/axes.h"
#include "ops/infer_util.h"
#include "ops/quantization.h"

namespace insitu {
namespace {

int64_t BlockSize(const Node& node) { return node.Attr<int64_t>("block_size", 0); }
int64_t AxisOf(const Node& node) { return node.Attr<int64_t>("axis", 1); }

Status CheckBlockSize(int64_t block) {
  if (block >= 0 && block <= int64_t{1} << 30) return {};
  return Fail(ErrorCode::kInvalidModel, "block_size is " + std::to_string(block));
}

}  // namespace

Status CheckQuantizedAxis(const InferContext& context) {
  INSITU_TRY(RequireType(context, 1, kScaleTypes));
  INSITU_TRY(CheckBlockSize(BlockSize(context.node())));
  const Shape *data = context.shape(0), *scale = context.shape(1);
  if (!data || !scale || Product(*scale) == Dim(1)) return {};
  INSITU_ASSIGN(const size_t axis, NormalizeAxis(AxisOf(context.node()), data->size()));
  if (BlockSize(context.node()) != 0) return {};
  const Dim& extent = (*data)[axis];
  if (scale->size() == 1 && (!(*scale)[0].IsKnown() || !extent.IsKnown() || (*scale)[0] == extent))
    return {};
  return Fail(ErrorCode::kShapeMismatch,
              "the scale " + context.Describe(1) + " does not fit axis " + std::to_string(axis) +
                  " of " + context.Describe(0),
              "Give one scale, or one per element of the axis.");
}

Result<QuantizedAxis> ReadQuantizedAxis(const RunContext& context) {
  const std::span<const int64_t> data = context.inputs[0].dims;
  const TensorView& scale = context.inputs[1];
  const TensorView zeros = context.HasInput(2) ? context.inputs[2] : TensorView{};
  const int64_t count = scale.elements(), block = BlockSize(context.node);
  INSITU_TRY(CheckBlockSize(block));
  QuantizedAxis q;
  if (count == 1) {
    q.inner = ElementsUnchecked(data);
  } else {
    INSITU_ASSIGN(const size_t axis, NormalizeAxis(AxisOf(context.node), data.size()));
    q.outer = ElementsUnchecked(data.first(axis));
    q.extent = data[axis];
    q.inner = ElementsUnchecked(data.subspan(axis + 1));
    q.block = std::max<int64_t>(block, 1);
    q.varies_outside = block != 0;
    Dims expected = {q.extent};
    if (block != 0) {
      expected.assign(data.begin(), data.end());
      expected[axis] = (q.extent + block - 1) / block;
    }
    if (scale.dims != expected)
      return Fail(ErrorCode::kShapeMismatch, "the scale has dims " + ToString(scale.dims) +
                                                 "; for data of dims " + ToString(data) +
                                                 " along axis " + std::to_string(axis) + " " +
                                                 ToString(expected) + " are needed");
  }
  INSITU_ASSIGN(ChannelQuantization read,
                ReadChannelQuantization(scale, zeros, count, context.node.op));
  q.scale = std::move(read.scale);
  q.zero_point = std::move(read.zero_point);
  return q;
}

std::optional<Attributes> CommuteQuantizedAxis(const Graph& graph, const Node& node,
                                               std::span<const int64_t> perm) {
  if (BlockSize(node) != 0) return std::nullopt;
  const auto& scale = graph.value(node.inputs[1]).type.shape;
  if (scale && Product(*scale) == Dim(1)) return node.attributes;
  return CommuteAxis(node, perm, 1);
}

}  // namespace insitu
