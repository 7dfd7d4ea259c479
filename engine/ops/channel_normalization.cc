// InstanceNormalization and GroupNormalization: every channel, or group of channels, of every
// element of the batch gets mean 0 and variance 1, then scale and bias of its channel.
// https://onnx.ai/onnx/operators/onnx__InstanceNormalization.html (22),
// onnx__GroupNormalization.html (21). Version 18 had scale and bias of groups; parameters with one
// value a group are read so.
#include <string>

#include "ops/normalize.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr float kDefaultEpsilon = 1e-5f;

// The number of groups for `channels`; InvalidModel when it does not divide them.
Result<int64_t> Groups(const Node& node, int64_t channels) {
  if (node.op == "InstanceNormalization") return channels;
  const int64_t groups = node.Attr<int64_t>("num_groups", 0);
  if (groups > 0 && channels % groups == 0) return groups;
  return Fail(ErrorCode::kInvalidModel, "attribute num_groups is " + std::to_string(groups) +
                                            ", which does not divide " + std::to_string(channels) +
                                            " channels");
}

Status Infer(InferContext& context) {
  for (size_t i = 0; i < 3; ++i) INSITU_TRY(RequireType(context, i, kFloatTypes));
  context.SetOutput(0, context.dtype(0), ShapeOf(context, 0));
  const Shape* x = context.shape(0);
  if (!x) return {};
  if (x->size() < 2)
    return Fail(ErrorCode::kShapeMismatch,
                context.Describe(0) + " has no channel axis; two axes are needed");
  const Dim& channels = (*x)[1];
  if (!channels.IsKnown()) return {};
  INSITU_ASSIGN(const int64_t groups, Groups(context.node(), channels.value()));
  for (size_t i : {1u, 2u}) {
    const Shape* parameter = context.shape(i);
    if (!parameter) continue;
    const bool fits = parameter->size() == 1 &&
                      (!parameter->front().IsKnown() || parameter->front() == channels ||
                       parameter->front() == Dim(groups));
    if (!fits)
      return Fail(ErrorCode::kShapeMismatch, context.Describe(i) + " does not hold one value for " +
                                                 "each of " + channels.ToString() + " channels");
  }
  return {};
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[0], &scale = context.inputs[1], &bias = context.inputs[2];
  if (x.dims.size() < 2) return Fail(ErrorCode::kShapeMismatch, "the input has no channel axis");
  const int64_t channels = x.dims[1];
  INSITU_ASSIGN(const int64_t groups, Groups(context.node, channels));
  for (const TensorView* parameter : {&scale, &bias})
    if (parameter->elements() != channels && parameter->elements() != groups)
      return Fail(ErrorCode::kShapeMismatch, "a parameter does not hold one value per channel");
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  if (x.elements() == 0) return {};
  const int64_t inner = ElementsUnchecked(std::span(x.dims).subspan(2));
  const int64_t members = channels / groups;  // channels of a group
  const double epsilon = context.node.Attr("epsilon", kDefaultEpsilon);
  const auto value = [&](const TensorView& parameter, int64_t channel) {
    return LoadReal(parameter, parameter.elements() == channels ? channel : channel / members);
  };
  for (int64_t row = 0; row < x.dims[0] * groups; ++row) {
    const Moments moments = MomentsOf(x, row * members * inner, members * inner, epsilon);
    for (int64_t member = 0; member < members; ++member) {
      const int64_t channel = row % groups * members + member;
      const double factor = value(scale, channel), shift = value(bias, channel);
      double block[kBlock];
      const int64_t offset = (row * members + member) * inner;
      for (int64_t start = 0; start < inner; start += kBlock) {
        const int64_t n = std::min(kBlock, inner - start);
        LoadElements(x, offset + start, 1, n, block);
        for (int64_t i = 0; i < n; ++i)
          block[i] = (block[i] - moments.mean) * moments.inverse_deviation * factor + shift;
        StoreElements(block, n, y, offset + start);
      }
    }
  }
  return {};
}

constexpr int kInstanceSince[] = {1, 6, 22};
constexpr int kGroupSince[] = {18, 21};
constexpr AttrSpec kInstanceAttributes[] = {{"epsilon", AttrKind::kFloat}};
constexpr AttrSpec kGroupAttributes[] = {{"epsilon", AttrKind::kFloat},
                                         {"num_groups", AttrKind::kInt, true},
                                         {"stash_type", AttrKind::kInt}};

}  // namespace

const OpDef kInstanceNormalizationOp = {
    .name = "InstanceNormalization",
    .since = kInstanceSince,
    .attributes = kInstanceAttributes,
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = Infer,
    .run = Run,
};

const OpDef kGroupNormalizationOp = {
    .name = "GroupNormalization",
    .since = kGroupSince,
    .attributes = kGroupAttributes,
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = Infer,
    .run = Run,
};

}  // namespace insitu
