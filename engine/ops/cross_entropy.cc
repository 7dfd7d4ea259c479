// NegativeLogLikelihoodLoss: minus the score of the target class, weighted by class;
// SoftmaxCrossEntropyLoss: the same of the log-softmax over classes, which is output 1.
// https://onnx.ai/onnx/operators/onnx__NegativeLogLikelihoodLoss.html (22),
// onnx__SoftmaxCrossEntropyLoss.html (13). The mean divides by the weights of the targets. Targets
// of ignore_index have weight 0; any other outside the classes is an error.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

enum class Reduction : uint8_t { kNone, kSum, kMean };

Result<Reduction> ReadReduction(const Node& node) {
  const std::string name = node.Attr<std::string>("reduction", "mean");
  if (name == "none") return Reduction::kNone;
  if (name == "sum") return Reduction::kSum;
  if (name == "mean") return Reduction::kMean;
  return Fail(ErrorCode::kInvalidModel, "attribute reduction is '" + name + "'",
              "It must be 'none', 'sum' or 'mean'.");
}

// Scores [N, C, ...], targets [N, ...], weights [C].
Status CheckShapes(const Shape& scores, const Shape* target, const Shape* weights) {
  bool fits = scores.size() >= 2;
  if (fits && target) {
    fits = target->size() + 1 == scores.size();
    for (size_t i = 0; fits && i < target->size(); ++i)
      fits = !Differ((*target)[i], scores[i == 0 ? 0 : i + 1]);
  }
  if (fits && weights) fits = weights->size() == 1 && !Differ((*weights)[0], scores[1]);
  if (fits) return {};
  return Fail(ErrorCode::kShapeMismatch, "scores " + ToString(scores) +
                                             " need targets of the same shape without axis 1, and "
                                             "one weight for each class of axis 1");
}

Shape TargetShape(Shape scores) {
  scores.erase(scores.begin() + 1);
  return scores;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  INSITU_TRY(RequireType(context, 2, kFloatTypes));
  INSITU_ASSIGN(const Reduction reduction, ReadReduction(context.node()));
  const Shape* scores = context.shape(0);
  if (scores) INSITU_TRY(CheckShapes(*scores, context.shape(1), context.shape(2)));
  std::optional<Shape> loss = Shape();
  if (reduction == Reduction::kNone)
    loss = scores ? std::optional<Shape>(TargetShape(*scores)) : std::nullopt;
  context.SetOutput(0, context.dtype(0), std::move(loss));
  context.SetOutput(1, context.dtype(0), ShapeOf(context, 0));
  return {};
}

// log(sum(exp(score))) over the classes of one target; the score's logarithm of probability is the
// score less this.
double LogSum(const TensorView& scores, int64_t offset, int64_t classes, int64_t stride) {
  double block[kBlock], peak = -std::numeric_limits<double>::infinity(), sum = 0;
  const auto each = [&](auto&& use) {
    for (int64_t start = 0; start < classes; start += kBlock) {
      const int64_t n = std::min(kBlock, classes - start);
      LoadElements(scores, offset + start * stride, stride, n, block);
      for (int64_t i = 0; i < n; ++i) use(block[i]);
    }
  };
  each([&](double value) { peak = std::max(peak, value); });
  each([&](double value) { sum += std::exp(value - peak); });
  return peak + std::log(sum);
}

void StoreShifted(const TensorView& from, const TensorView& to, int64_t offset, int64_t count,
                  int64_t stride, double shift) {
  double block[kBlock];
  for (int64_t start = 0; start < count; start += kBlock) {
    const int64_t n = std::min(kBlock, count - start);
    LoadElements(from, offset + start * stride, stride, n, block);
    for (int64_t i = 0; i < n; ++i) block[i] -= shift;
    StoreElements(block, n, to, offset + start * stride, stride);
  }
}

template <bool kSoftmax>
Status Run(RunContext& context) {
  const TensorView &scores = context.inputs[0], &target = context.inputs[1];
  INSITU_ASSIGN(const Reduction reduction, ReadReduction(context.node));
  const Shape shape = ToShape(scores.dims), target_shape = ToShape(target.dims);
  const bool weighted = context.HasInput(2);
  const Shape weight_shape = weighted ? ToShape(context.inputs[2].dims) : Shape();
  INSITU_TRY(CheckShapes(shape, &target_shape, weighted ? &weight_shape : nullptr));
  INSITU_ASSIGN(
      const TensorView loss,
      RunOutput(context, 0, scores.dtype, reduction == Reduction::kNone ? target.dims : Dims()));
  TensorView log_probability;
  if (WantsOutput(context, 1)) {
    INSITU_ASSIGN(log_probability, RunOutput(context, 1, scores.dtype, scores.dims));
  }
  std::optional<int64_t> ignored;
  if (context.node.Has("ignore_index")) ignored = context.node.Attr<int64_t>("ignore_index", 0);
  const int64_t classes = scores.dims[1], targets = target.elements();
  const int64_t inner = ElementsUnchecked(std::span(scores.dims).subspan(2));
  double sum = 0, weights = 0;
  for (int64_t i = 0; i < targets; ++i) {
    const int64_t offset = i / inner * classes * inner + i % inner;
    const double log_sum = kSoftmax ? LogSum(scores, offset, classes, inner) : 0;
    if (log_probability.data)
      StoreShifted(scores, log_probability, offset, classes, inner, log_sum);
    const int64_t label = LoadInteger(target, i);
    double value = 0;
    if (label != ignored) {
      if (label < 0 || label >= classes)
        return Fail(ErrorCode::kInvalidArgument,
                    "target " + std::to_string(label) + " at element " + std::to_string(i) +
                        " is none of " + std::to_string(classes) + " classes",
                    "Targets must be 0 to C - 1, or ignore_index.");
      const double weight = weighted ? LoadReal(context.inputs[2], label) : 1;
      value = (log_sum - LoadReal(scores, offset + label * inner)) * weight;
      weights += weight;
    }
    sum += value;
    if (reduction == Reduction::kNone) StoreElements(&value, 1, loss, i);
  }
  if (reduction == Reduction::kMean) sum /= weights;
  if (reduction != Reduction::kNone) StoreElements(&sum, 1, loss, 0);
  return {};
}

constexpr int kLikelihoodSince[] = {12, 13, 22};
constexpr int kSoftmaxSince[] = {12, 13};
constexpr AttrSpec kAttributes[] = {{"ignore_index", AttrKind::kInt},
                                    {"reduction", AttrKind::kString}};

template <bool kSoftmax>
constexpr OpDef Define(std::string_view name, std::span<const int> since) {
  return {.name = name,
          .since = since,
          .attributes = kAttributes,
          .min_inputs = 2,
          .max_inputs = 3,
          .max_outputs = kSoftmax ? 2 : 1,
          .infer = Infer,
          .run = Run<kSoftmax>};
}

}  // namespace

const OpDef kNegativeLogLikelihoodLossOp =
    Define<false>("NegativeLogLikelihoodLoss", kLikelihoodSince);
const OpDef kSoftmaxCrossEntropyLossOp = Define<true>("SoftmaxCrossEntropyLoss", kSoftmaxSince);

}  // namespace insitu
