// BatchNormalization: y = (x - mean[c]) / sqrt(variance[c] + epsilon) * scale[c] + b[c]. In
// training mode mean and variance are those of x, and outputs 1 and 2 are the given ones moved
// towards them: given * momentum + own * (1 - momentum).
// https://onnx.ai/onnx/operators/onnx__BatchNormalization.html (15). passes/fold_batch_norm.cc
// folds it into a convolution in front; channels_last is insitu's own.
#include <cmath>
#include <span>

#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/spatial.h"
#include "ops/widen.h"

namespace insitu {
namespace {

constexpr float kDefaultEpsilon = 1e-5f, kDefaultMomentum = 0.9f;

bool IsTraining(const Node& node) { return node.Attr<int64_t>("training_mode", 0) != 0; }

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  if (context.node().outputs.size() > 1 && !IsTraining(context.node()))
    return Fail(ErrorCode::kInvalidModel,
                "BatchNormalization gives mean and variance in training mode alone",
                "Set training_mode to 1, or drop the outputs.");
  const Shape* x = context.shape(0);
  context.SetOutput(0, context.dtype(0), ShapeOf(context, 0));
  for (size_t i : {1u, 2u}) context.SetOutput(i, context.dtype(i + 2), ShapeOf(context, i + 2));
  if (!x) return {};
  if (x->size() < 2)
    return Fail(ErrorCode::kShapeMismatch,
                context.Describe(0) + " has no channel axis; two axes are needed");
  const Dim& channels = (*x)[ChannelAxis(IsChannelsLast(context.node()), x->size())];
  for (size_t i = 1; i < 5; ++i) {
    INSITU_TRY(RequireType(context, i, kFloatTypes));
    const Shape* parameter = context.shape(i);
    if (!parameter) continue;
    if (parameter->size() != 1 ||
        ((*parameter)[0].IsKnown() && channels.IsKnown() && !((*parameter)[0] == channels)))
      return Fail(ErrorCode::kShapeMismatch, context.Describe(i) + " does not hold one value for " +
                                                 "each of " + channels.ToString() + " channels");
  }
  return {};
}

// x as [outer, channels, inner].
struct Channels {
  int64_t outer, channels, inner;
};

// f(values, offset of the first) for blocks of one channel.
template <class F>
void ForEachBlock(const TensorView& x, const Channels& shape, int64_t channel, F f) {
  if (shape.inner == 0) return;
  double block[kBlock];
  for (int64_t o = 0; o < shape.outer; ++o)
    for (int64_t i = 0; i < shape.inner; i += kBlock) {
      const int64_t count = std::min(kBlock, shape.inner - i);
      const int64_t offset = (o * shape.channels + channel) * shape.inner + i;
      LoadElements(x, offset, 1, count, block);
      f(std::span(block, static_cast<size_t>(count)), offset);
    }
}

struct Statistics {
  double mean, variance;
};

Statistics StatisticsOf(const TensorView& x, const Channels& shape, int64_t channel) {
  const auto count = static_cast<double>(shape.outer * shape.inner);
  double sum = 0, squares = 0;
  ForEachBlock(x, shape, channel, [&](std::span<double> values, int64_t) {
    for (double value : values) sum += value;
  });
  const double mean = sum / count;
  ForEachBlock(x, shape, channel, [&](std::span<double> values, int64_t) {
    for (double value : values) squares += (value - mean) * (value - mean);
  });
  return {mean, squares / count};
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
  const Channels shape = {ElementsUnchecked(std::span(x.dims).first(axis)), channels,
                          ElementsUnchecked(std::span(x.dims).subspan(axis + 1))};
  const double epsilon = context.node.Attr<float>("epsilon", kDefaultEpsilon);
  const double momentum = context.node.Attr<float>("momentum", kDefaultMomentum);
  const bool training = IsTraining(context.node);
  if (x.elements() == 0 && !training) return {};
  TensorView running[2];
  for (size_t i : {1u, 2u})
    if (WantsOutput(context, i)) {
      INSITU_ASSIGN(running[i - 1], RunOutput(context, i, context.inputs[i + 2].dtype, {channels}));
    }
  for (int64_t c = 0; c < channels; ++c) {
    const double scale = LoadReal(context.inputs[1], c), shift = LoadReal(context.inputs[2], c);
    double mean = LoadReal(context.inputs[3], c), variance = LoadReal(context.inputs[4], c);
    if (training) {
      const Statistics own = StatisticsOf(x, shape, c);
      const double moved[] = {mean * momentum + own.mean * (1 - momentum),
                              variance * momentum + own.variance * (1 - momentum)};
      for (size_t i : {0u, 1u})
        if (running[i].data) StoreElements(&moved[i], 1, running[i], c);
      mean = own.mean;
      variance = own.variance;
    }
    const double deviation = std::sqrt(variance + epsilon);
    ForEachBlock(x, shape, c, [&](std::span<double> values, int64_t offset) {
      for (double& value : values) value = (value - mean) / deviation * scale + shift;
      StoreElements(values.data(), static_cast<int64_t>(values.size()), y, offset);
    });
  }
  return {};
}

std::optional<Attributes> Commute(const Graph& graph, const Node& node,
                                  std::span<const int64_t> perm) {
  if (IsTraining(node)) return std::nullopt;
  return CommuteSpatial(graph, node, perm);
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
    .max_outputs = 3,
    .infer = Infer,
    .run = Run,
    .no_lowering = "only one that follows no convolution is left; insitu's reference computes it",
    .commute = Commute,
};

}  // namespace insitu
