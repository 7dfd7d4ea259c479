// LinearClassifier and LinearRegressor of ai.onnx.ml: scores = x coefficients^T + intercepts.
// https://onnx.ai/onnx/operators/onnx_aionnxml_LinearClassifier.html (1)
// https://onnx.ai/onnx/operators/onnx_aionnxml_LinearRegressor.html (1)
// Sums in double. A classifier of two labels with one score s gives the scores -s and s, the label
// is that of the larger; with one score and no two labels it answers yes (the label, or 1) or no
// (0).
#include "base/checked.h"
#include "ops/attribute_list.h"
#include "ops/class_scores.h"
#include "ops/feature_rows.h"
#include "ops/ops.h"

namespace insitu {
namespace {

struct Linear {
  const std::vector<float>& coefficients;
  const std::vector<float>& intercepts;
  int64_t targets = 1;

  double Score(const double* x, int64_t features, int64_t target) const {
    double sum =
        intercepts.empty() ? 0 : static_cast<double>(intercepts[static_cast<size_t>(target)]);
    const float* weights = coefficients.data() + target * features;
    for (int64_t i = 0; i < features; ++i) sum += x[i] * static_cast<double>(weights[i]);
    return sum;
  }
};

Status CheckLinear(const Linear& linear, int64_t features) {
  if (!linear.intercepts.empty() &&
      static_cast<int64_t>(linear.intercepts.size()) != linear.targets)
    return Fail(ErrorCode::kInvalidModel, std::to_string(linear.intercepts.size()) +
                                              " intercepts are given for " +
                                              std::to_string(linear.targets) + " targets");
  if (CheckedMul(features, linear.targets) == static_cast<int64_t>(linear.coefficients.size()))
    return {};
  return Fail(ErrorCode::kShapeMismatch, std::to_string(linear.coefficients.size()) +
                                             " coefficients do not fit " +
                                             std::to_string(features) + " features and " +
                                             std::to_string(linear.targets) + " targets");
}

// The same where inference knows the features.
Status CheckLinear(const InferContext& context, int64_t targets) {
  const auto features = KnownFeatures(context);
  if (!features) return {};
  return CheckLinear({ListOf<float>(context.node(), "coefficients"),
                      ListOf<float>(context.node(), "intercepts"), targets},
                     *features);
}

// Calls f(row, scores) with the `linear.targets` scores of every row.
template <class F>
Status ForEachRow(const RunContext& context, const FeatureRows& shape, const Linear& linear,
                  F&& f) {
  INSITU_ASSIGN(Tensor row, Tensor::Allocate(DType::kFloat64, {shape.features}));
  std::vector<double> scores;
  for (int64_t n = 0; n < shape.rows; ++n) {
    double* x = row.As<double>().data();
    LoadElements(context.inputs[0], n * shape.features, 1, shape.features, x);
    scores.clear();
    for (int64_t target = 0; target < linear.targets; ++target)
      scores.push_back(linear.Score(x, shape.features, target));
    f(n, scores);
  }
  return {};
}

Result<int64_t> RegressorTargets(const Node& node) {
  const int64_t targets = node.Attr<int64_t>("targets", 1);
  if (targets >= 1 && targets <= int64_t{1} << 31) return targets;
  return Fail(ErrorCode::kInvalidModel, "attribute targets is " + std::to_string(targets));
}

Status InferRegressor(InferContext& context) {
  INSITU_ASSIGN(const Dim rows, InferFeatureRows(context));
  INSITU_TRY(ReadPostTransform(context.node()));
  INSITU_ASSIGN(const int64_t targets, RegressorTargets(context.node()));
  INSITU_TRY(CheckLinear(context, targets));
  context.SetOutput(0, DType::kFloat32, Shape{rows, targets});
  return {};
}

Status RunRegressor(RunContext& context) {
  INSITU_ASSIGN(const FeatureRows shape, ReadFeatureRows(context.inputs[0].dims));
  INSITU_ASSIGN(const int64_t targets, RegressorTargets(context.node));
  INSITU_ASSIGN(const PostTransform transform, ReadPostTransform(context.node));
  const Linear linear{ListOf<float>(context.node, "coefficients"),
                      ListOf<float>(context.node, "intercepts"), targets};
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, DType::kFloat32, {shape.rows, targets}));
  INSITU_TRY(CheckLinear(linear, shape.features));
  return ForEachRow(context, shape, linear, [&](int64_t n, std::vector<double>& scores) {
    TransformScores(scores, transform);
    StoreElements(scores.data(), targets, y, n * targets);
  });
}

// Scores a row: as many as intercepts or, without them, labels.
int64_t ClassTargets(const Node& node, const ClassLabels& labels) {
  const size_t intercepts = ListOf<float>(node, "intercepts").size();
  return static_cast<int64_t>(intercepts ? intercepts : std::max<size_t>(labels.size(), 1));
}

int64_t ScoreCount(int64_t targets, const ClassLabels& labels) {
  return targets == 1 && labels.size() == 2 ? 2 : targets;
}

Status InferClassifier(InferContext& context) {
  INSITU_ASSIGN(const Dim rows, InferFeatureRows(context));
  INSITU_TRY(ReadPostTransform(context.node()));
  const ClassLabels labels(context.node(), "classlabels_ints");
  const int64_t targets = ClassTargets(context.node(), labels);
  INSITU_TRY(CheckLinear(context, targets));
  context.SetOutput(0, labels.dtype(), Shape{rows});
  context.SetOutput(1, DType::kFloat32, Shape{rows, ScoreCount(targets, labels)});
  return {};
}

Status RunClassifier(RunContext& context) {
  INSITU_ASSIGN(const FeatureRows shape, ReadFeatureRows(context.inputs[0].dims));
  INSITU_ASSIGN(const PostTransform transform, ReadPostTransform(context.node));
  const ClassLabels labels(context.node, "classlabels_ints");
  const int64_t targets = ClassTargets(context.node, labels);
  const Linear linear{ListOf<float>(context.node, "coefficients"),
                      ListOf<float>(context.node, "intercepts"), targets};
  const int64_t count = ScoreCount(targets, labels);
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, labels.dtype(), {shape.rows}));
  TensorView z;
  if (WantsOutput(context, 1)) {
    INSITU_ASSIGN(z, RunOutput(context, 1, DType::kFloat32, {shape.rows, count}));
  }
  INSITU_TRY(CheckLinear(linear, shape.features));
  return ForEachRow(context, shape, linear, [&](int64_t n, std::vector<double>& scores) {
    if (count == 2 && targets == 1) scores.insert(scores.begin(), -scores[0]);
    TransformScores(scores, transform);
    if (count > 1)
      labels.Store(LargestOf(scores), y, n);
    else if (scores[0] >= (transform == PostTransform::kNone ? 0 : 0.5))
      labels.size() ? labels.Store(0, y, n) : labels.StoreNumber(1, y, n);
    else
      labels.StoreNumber(0, y, n);
    if (z.data) StoreElements(scores.data(), count, z, n * count);
  });
}

constexpr int kSince[] = {1};
constexpr AttrSpec kRegressorAttributes[] = {{"coefficients", AttrKind::kFloats},
                                             {"intercepts", AttrKind::kFloats},
                                             {"post_transform", AttrKind::kString},
                                             {"targets", AttrKind::kInt}};
constexpr AttrSpec kClassifierAttributes[] = {
    {"classlabels_ints", AttrKind::kInts}, {"classlabels_strings", AttrKind::kStrings},
    {"coefficients", AttrKind::kFloats},   {"intercepts", AttrKind::kFloats},
    {"multi_class", AttrKind::kInt},       {"post_transform", AttrKind::kString},
};

}  // namespace

const OpDef kLinearRegressorOp = {
    .name = "LinearRegressor",
    .domain = "ai.onnx.ml",
    .since = kSince,
    .attributes = kRegressorAttributes,
    .infer = InferRegressor,
    .run = RunRegressor,
    .no_lowering = "no backend has operators of ai.onnx.ml",
};

const OpDef kLinearClassifierOp = {
    .name = "LinearClassifier",
    .domain = "ai.onnx.ml",
    .since = kSince,
    .attributes = kClassifierAttributes,
    .max_outputs = 2,
    .infer = InferClassifier,
    .run = RunClassifier,
    .no_lowering = "no backend has operators of ai.onnx.ml",
};

}  // namespace insitu
