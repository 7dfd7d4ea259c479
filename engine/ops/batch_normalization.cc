// BatchNormalization at inference:
// y = (x - mean[c]) / sqrt(variance[c] + epsilon) * scale[c] + b[c].
// https://onnx.ai/onnx/operators/onnx__BatchNormalization.html (15). passes/fold_batch_norm.cc
// folds it into a convolution in front; channels_last is insitu's own.
#include <cmath>

#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/spatial.h"
#include "ops/widen.h"

namespace insitu {
namespace {

constexpr float kDefaultEpsilon = 1e-5f;

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  if (context.node().Attr<int64_t>("training_mode", 0) != 0)
    return Fail(ErrorCode::kUnsupportedOp, "BatchNormalization in training mode",
                "Export the model for inference.");
  const Shape* x = context.shape(0);
  context.SetOutput(0, context.dtype(0), ShapeOf(context, 0));
  if (!x) return {};
  if (x->size() < 2)
    return Fail(ErrorCode::kShapeMismatch,
                context.Describe(0) + " has no channel axis; two axes are needed");
  const Dim& channels = (*x)[ChannelAxis(IsChannelsLast(context.node()), x->size())];
  for (size_t i = 1; i < 5; ++i) {
    INSITU_TRY(RequireType(context, i, kFloatTypes));
    const Shape* parameter = context.shape(i);
    if (!parameter) continue;
    if (parameter->size() != 1 || ((*parameter)[0].IsKnown() && channels.IsKnown() &&
                                   !((*parameter)[0] == channels)))
      return Fail(ErrorCode::kShapeMismatch, context.Describe(i) + " does not hold one value for " +
                                                 "each of " + channels.ToString() + " channels");
  }
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  const bool channels_last = IsChannelsLast(context.node);
  const size_t axis = ChannelAxis(channels_last, x.dims.size());
  const int64_t channels = x.dims[axis];
  for (size_t i = 1; i < 5; ++i)
    if (context.inputs[i].elements() != channels)
      return Fail(ErrorCode::kShapeMismatch, "a parameter does not hold one value per channel");
  const int64_t outer = ElementsUnchecked(std::span(x.dims).first(axis));
  const int64_t inner = ElementsUnchecked(std::span(x.dims).subspan(axis + 1));
  const double epsilon = context.node.Attr<float>("epsilon", kDefaultEpsilon);
  double block[kBlock];
  for (int64_t c = 0; c < channels; ++c) {
    const double scale = LoadReal(context.inputs[1], c), shift = LoadReal(context.inputs[2], c),
                 mean = LoadReal(context.inputs[3], c),
                 deviation = std::sqrt(LoadReal(context.inputs[4], c) + epsilon);
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t i = 0; i < inner; i += kBlock) {
        const int64_t count = std::min(kBlock, inner - i);
        const int64_t offset = (o * channels + c) * inner + i;
        LoadElements(x, offset, 1, count, block);
        for (int64_t k = 0; k < count; ++k)
          block[k] = (block[k] - mean) / deviation * scale + shift;
        StoreElements(block, count, y, offset);
      }
  }
  return {};
}

constexpr int kSince[] = {1, 6, 7, 9, 14, 15};
constexpr AttrSpec kAttributes[] = {
    {"epsilon", AttrKind::kFloat},
    {"momentum", AttrKind::kFloat},
    {"training_mode", AttrKind::kInt},
};

}  // namespace

const OpDef kBatchNormalizationOp = {
    .name = "BatchNormalization",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 5,
    .max_inputs = 5,
    .infer = Infer,
    .run = Run,
    .no_lowering = "only one that follows no convolution is left; insitu's reference computes it",
    .commute = CommuteSpatial,
};

}  // namespace insitu
