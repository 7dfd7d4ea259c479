// TreeEnsembleClassifier and TreeEnsembleRegressor of ai.onnx.ml.
// https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleClassifier.html (1, 3, 5)
// https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html (1, 3, 5)
// Features are compared in float32 unless they are float64; scores are summed in double. A
// classifier of two labels whose leaves all speak for one class has one score s, from which, as in
// onnxruntime, both are made: 1 - s and s where no weight is negative and nothing is transformed
// (the label is that above 0.5), else -s and s (above 0).
#include <algorithm>
#include <set>

#include "ops/attribute_list.h"
#include "ops/class_scores.h"
#include "ops/feature_rows.h"
#include "ops/forest.h"
#include "ops/ops.h"

namespace insitu {
namespace {

// Calls f(row, scores) with the aggregate of every row.
template <class F>
Status ForEachRow(const RunContext& context, const Forest& forest, TreeAggregate aggregate,
                  const FeatureRows& shape, int64_t targets, F&& f) {
  const TensorView& x = context.inputs[0];
  INSITU_TRY(forest.Check(targets));
  INSITU_TRY(forest.CheckFeatures(shape.features));
  INSITU_ASSIGN(Tensor row, Tensor::Allocate(DType::kFloat64, {shape.features}));
  std::vector<double> scores;
  for (int64_t n = 0; n < shape.rows; ++n) {
    const std::span<double> values = row.As<double>();
    LoadElements(x, n * shape.features, 1, shape.features, values.data());
    if (x.dtype != DType::kFloat64)
      for (double& value : values) value = static_cast<float>(value);
    scores.resize(static_cast<size_t>(targets));
    INSITU_TRY(AggregateRow(forest, aggregate, values, scores));
    f(n, scores);
  }
  return {};
}

Result<int64_t> TargetCount(const Node& node) {
  const int64_t targets = node.Attr<int64_t>("n_targets", 1);
  if (targets >= 1 && targets <= int64_t{1} << 20) return targets;
  return Fail(ErrorCode::kInvalidModel, "attribute n_targets is " + std::to_string(targets));
}

Result<TreeAggregate> AggregateOf(const Node& node) {
  const std::string name = node.Attr<std::string>("aggregate_function", "SUM");
  constexpr std::string_view kNames[] = {"AVERAGE", "SUM", "MIN", "MAX"};
  const auto found = std::ranges::find(kNames, name);
  if (found != std::end(kNames)) return static_cast<TreeAggregate>(found - kNames);
  return Fail(ErrorCode::kInvalidModel, "attribute aggregate_function is '" + name + "'",
              "It must be AVERAGE, SUM, MIN or MAX.");
}

// Nothing, one for all, or one for every score.
Status CheckBase(const std::vector<double>& base, int64_t targets) {
  if (base.size() <= 1 || static_cast<int64_t>(base.size()) == targets) return {};
  return Fail(ErrorCode::kInvalidModel, "base_values has " + std::to_string(base.size()) +
                                            " entries for " + std::to_string(targets) + " scores");
}

// What a run would refuse about the trees, as far as it is certain.
Status CheckTrees(const InferContext& context, const std::string& prefix, int64_t targets) {
  INSITU_ASSIGN(const Forest forest, ReadNamedForest(context.node(), prefix));
  INSITU_TRY(forest.Check(targets));
  INSITU_TRY(CheckBase(RealsOf(context.node(), "base_values"), targets));
  const auto features = KnownFeatures(context);
  return features ? forest.CheckFeatures(*features) : Status();
}

Status InferRegressor(InferContext& context) {
  INSITU_ASSIGN(const Dim rows, InferFeatureRows(context));
  INSITU_TRY(ReadPostTransform(context.node()));
  INSITU_TRY(AggregateOf(context.node()));
  INSITU_ASSIGN(const int64_t targets, TargetCount(context.node()));
  INSITU_TRY(CheckTrees(context, "target", targets));
  context.SetOutput(0, DType::kFloat32, Shape{rows, targets});
  return {};
}

Status RunRegressor(RunContext& context) {
  const Node& node = context.node;
  INSITU_ASSIGN(const FeatureRows shape, ReadFeatureRows(context.inputs[0].dims));
  INSITU_ASSIGN(const int64_t targets, TargetCount(node));
  INSITU_ASSIGN(const PostTransform transform, ReadPostTransform(node));
  INSITU_ASSIGN(const TreeAggregate aggregate, AggregateOf(node));
  INSITU_ASSIGN(const Forest forest, ReadNamedForest(node, "target"));
  const std::vector<double> base = RealsOf(node, "base_values");
  INSITU_TRY(CheckBase(base, targets));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, DType::kFloat32, {shape.rows, targets}));
  return ForEachRow(context, forest, aggregate, shape, targets,
                    [&](int64_t n, std::vector<double>& scores) {
                      for (size_t i = 0; i < scores.size() && !base.empty(); ++i)
                        scores[i] += base[base.size() == 1 ? 0 : i];
                      TransformScores(scores, transform);
                      StoreElements(scores.data(), targets, y, n * targets);
                    });
}

Status InferClassifier(InferContext& context) {
  INSITU_ASSIGN(const Dim rows, InferFeatureRows(context));
  INSITU_TRY(ReadPostTransform(context.node()));
  const ClassLabels labels(context.node(), "classlabels_int64s");
  if (labels.size() == 0)
    return Fail(ErrorCode::kInvalidModel, "the classifier has no labels",
                "Give classlabels_int64s or classlabels_strings.");
  const auto targets = static_cast<int64_t>(labels.size());
  INSITU_TRY(CheckTrees(context, "class", targets));
  context.SetOutput(0, labels.dtype(), Shape{rows});
  context.SetOutput(1, DType::kFloat32, Shape{rows, targets});
  return {};
}

// How the scores of a row become its label and what output 1 holds.
struct Verdict {
  PostTransform transform;
  const std::vector<double>& base;
  bool one_sided = false;     // two labels, leaves for one of them
  bool all_positive = false;  // no weight is negative

  size_t Judge(std::vector<double>& scores) const {
    if (!one_sided) {
      for (size_t i = 0; i < scores.size() && !base.empty(); ++i)
        scores[i] += base[base.size() == 1 ? 0 : i];
      const size_t largest = LargestOf(scores);
      TransformScores(scores, transform);
      return largest;
    }
    const double score = scores[0] + scores[1] + (base.empty() ? 0 : base.back());
    const bool is_probability =
        transform == PostTransform::kProbit ||
        (transform == PostTransform::kNone && all_positive && base.size() < 2);
    scores[0] = is_probability ? 1 - score : -score;
    scores[1] = score;
    TransformScores(scores, transform);
    return score > (is_probability ? 0.5 : 0) ? 1 : 0;
  }
};

Status RunClassifier(RunContext& context) {
  const Node& node = context.node;
  INSITU_ASSIGN(const FeatureRows shape, ReadFeatureRows(context.inputs[0].dims));
  INSITU_ASSIGN(const PostTransform transform, ReadPostTransform(node));
  INSITU_ASSIGN(const Forest forest, ReadNamedForest(node, "class"));
  const ClassLabels labels(node, "classlabels_int64s");
  const auto targets = static_cast<int64_t>(labels.size());
  const std::vector<double> base = RealsOf(node, "base_values");
  INSITU_TRY(CheckBase(base, targets));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, labels.dtype(), {shape.rows}));
  TensorView z;
  if (WantsOutput(context, 1)) {
    INSITU_ASSIGN(z, RunOutput(context, 1, DType::kFloat32, {shape.rows, targets}));
  }
  std::set<int64_t> classes;
  Verdict verdict{transform, base};
  verdict.all_positive = true;
  for (const LeafWeight& weight : forest.weights) {
    classes.insert(weight.target);
    verdict.all_positive = verdict.all_positive && weight.weight >= 0;
  }
  verdict.one_sided = targets == 2 && classes.size() == 1;
  return ForEachRow(context, forest, TreeAggregate::kSum, shape, targets,
                    [&](int64_t n, std::vector<double>& scores) {
                      const size_t label = verdict.Judge(scores);
                      if (targets == 1)
                        labels.StoreNumber(scores[0] > 0 ? 1 : 0, y, n);
                      else
                        labels.Store(label, y, n);
                      if (z.data) StoreElements(scores.data(), targets, z, n * targets);
                    });
}

constexpr int kSince[] = {1, 3, 5};
#define INSITU_TREE_ATTRIBUTES                                                                   \
  {"base_values", AttrKind::kFloats}, {"base_values_as_tensor", AttrKind::kTensor},              \
      {"nodes_falsenodeids", AttrKind::kInts}, {"nodes_featureids", AttrKind::kInts},            \
      {"nodes_hitrates", AttrKind::kFloats}, {"nodes_hitrates_as_tensor", AttrKind::kTensor},    \
      {"nodes_missing_value_tracks_true", AttrKind::kInts}, {"nodes_modes", AttrKind::kStrings}, \
      {"nodes_nodeids", AttrKind::kInts}, {"nodes_treeids", AttrKind::kInts},                    \
      {"nodes_truenodeids", AttrKind::kInts}, {"nodes_values", AttrKind::kFloats},               \
      {"nodes_values_as_tensor", AttrKind::kTensor}, {                                           \
    "post_transform", AttrKind::kString                                                          \
  }

constexpr AttrSpec kRegressorAttributes[] = {INSITU_TREE_ATTRIBUTES,
                                             {"aggregate_function", AttrKind::kString},
                                             {"n_targets", AttrKind::kInt},
                                             {"target_ids", AttrKind::kInts},
                                             {"target_nodeids", AttrKind::kInts},
                                             {"target_treeids", AttrKind::kInts},
                                             {"target_weights", AttrKind::kFloats},
                                             {"target_weights_as_tensor", AttrKind::kTensor}};
constexpr AttrSpec kClassifierAttributes[] = {INSITU_TREE_ATTRIBUTES,
                                              {"class_ids", AttrKind::kInts},
                                              {"class_nodeids", AttrKind::kInts},
                                              {"class_treeids", AttrKind::kInts},
                                              {"class_weights", AttrKind::kFloats},
                                              {"class_weights_as_tensor", AttrKind::kTensor},
                                              {"classlabels_int64s", AttrKind::kInts},
                                              {"classlabels_strings", AttrKind::kStrings}};
#undef INSITU_TREE_ATTRIBUTES

}  // namespace

const OpDef kTreeEnsembleRegressorOp = {
    .name = "TreeEnsembleRegressor",
    .domain = "ai.onnx.ml",
    .since = kSince,
    .attributes = kRegressorAttributes,
    .infer = InferRegressor,
    .run = RunRegressor,
    .no_lowering = "no backend has operators of ai.onnx.ml",
};

const OpDef kTreeEnsembleClassifierOp = {
    .name = "TreeEnsembleClassifier",
    .domain = "ai.onnx.ml",
    .since = kSince,
    .attributes = kClassifierAttributes,
    .max_outputs = 2,
    .infer = InferClassifier,
    .run = RunClassifier,
    .no_lowering = "no backend has operators of ai.onnx.ml",
};

}  // namespace insitu
