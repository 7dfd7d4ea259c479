// TreeEnsemble of ai.onnx.ml: the sum (or mean, least, largest) of what the leaves of trees say.
// https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html (5)
// Leaves are listed apart from the inner nodes; membership_values holds the sets of the nodes that
// test membership, in the order of those nodes, each ended by not-a-number.
#include <cmath>

#include "ops/attribute_list.h"
#include "ops/class_scores.h"
#include "ops/feature_rows.h"
#include "ops/forest.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr DTypeSet kTypes = {DType::kFloat32, DType::kFloat64, DType::kFloat16};

std::unexpected<Error> Invalid(std::string what) {
  return Fail(ErrorCode::kInvalidModel, std::move(what),
              "The model was written by a faulty exporter.");
}

Result<int64_t> TargetCount(const Node& node) {
  const int64_t targets = node.Attr<int64_t>("n_targets", 1);
  if (targets >= 1 && targets <= int64_t{1} << 20) return targets;
  return Invalid("attribute n_targets is " + std::to_string(targets));
}

Result<TreeAggregate> AggregateOf(const Node& node) {
  const int64_t number = node.Attr<int64_t>("aggregate_function", 1);
  if (number >= 0 && number <= 3) return static_cast<TreeAggregate>(number);
  return Invalid("attribute aggregate_function is " + std::to_string(number));
}

// Splits membership_values among the nodes of mode kMember.
Status ReadMembers(const Node& node, Forest& forest) {
  const std::vector<double> values = RealsOf(TensorOf(node, "membership_values"));
  size_t at = 0;
  for (TreeNode& inner : forest.nodes) {
    if (inner.mode != TreeMode::kMember) continue;
    if (at >= values.size()) return Invalid("membership_values has fewer sets than nodes need");
    inner.first = static_cast<int64_t>(forest.members.size());
    for (; at < values.size() && !std::isnan(values[at]); ++at)
      forest.members.push_back(values[at]);
    ++at;
    inner.count = static_cast<int64_t>(forest.members.size()) - inner.first;
  }
  return {};
}

Result<Forest> ReadForest(const Node& node) {
  const auto& features = ListOf<int64_t>(node, "nodes_featureids");
  const auto& on_true = ListOf<int64_t>(node, "nodes_truenodeids");
  const auto& on_false = ListOf<int64_t>(node, "nodes_falsenodeids");
  const auto& true_leafs = ListOf<int64_t>(node, "nodes_trueleafs");
  const auto& false_leafs = ListOf<int64_t>(node, "nodes_falseleafs");
  const auto& missing = ListOf<int64_t>(node, "nodes_missing_value_tracks_true");
  const std::vector<double> splits = RealsOf(TensorOf(node, "nodes_splits"));
  const std::vector<double> modes = RealsOf(TensorOf(node, "nodes_modes"));
  const size_t count = features.size();
  for (size_t size : {on_true.size(), on_false.size(), true_leafs.size(), false_leafs.size(),
                      splits.size(), modes.size(), missing.empty() ? count : missing.size()})
    if (size != count)
      return Invalid("a list of tree nodes has " + std::to_string(size) +
                     " entries, nodes_featureids " + std::to_string(count));

  const auto& targets = ListOf<int64_t>(node, "leaf_targetids");
  const std::vector<double> weights = RealsOf(TensorOf(node, "leaf_weights"));
  if (targets.size() != weights.size())
    return Invalid("leaf_targetids and leaf_weights differ in length");

  Forest forest;
  forest.nodes.resize(count + weights.size());
  // A leaf's place in `nodes`; out-of-range numbers must not reach an inner node.
  const auto child = [&](int64_t number, int64_t leaf) -> int64_t {
    const auto size = static_cast<int64_t>(leaf ? weights.size() : count);
    if (number < 0 || number >= size) return -1;
    return leaf ? number + static_cast<int64_t>(count) : number;
  };
  for (size_t i = 0; i < count; ++i) {
    TreeNode& to = forest.nodes[i];
    if (!(modes[i] >= 0 && modes[i] <= 6))
      return Invalid("a tree node has the mode " + std::to_string(modes[i]));
    to.mode = static_cast<TreeMode>(static_cast<int>(modes[i]));
    to.missing_is_true = !missing.empty() && missing[i] != 0;
    to.feature = features[i];
    to.value = splits[i];
    to.on_true = child(on_true[i], true_leafs[i]);
    to.on_false = child(on_false[i], false_leafs[i]);
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    forest.nodes[count + i].first = static_cast<int64_t>(i);
    forest.nodes[count + i].count = 1;
    forest.weights.push_back({targets[i], weights[i]});
  }
  for (int64_t root : ListOf<int64_t>(node, "tree_roots")) forest.roots.push_back(child(root, 0));
  INSITU_TRY(ReadMembers(node, forest));
  return forest;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kTypes));
  INSITU_TRY(ReadPostTransform(context.node()));
  INSITU_TRY(AggregateOf(context.node()));
  INSITU_ASSIGN(const int64_t targets, TargetCount(context.node()));
  INSITU_ASSIGN(const Forest forest, ReadForest(context.node()));
  INSITU_TRY(forest.Check(targets));
  const Shape* shape = context.shape(0);
  if (shape && shape->size() != 2)
    return Fail(ErrorCode::kShapeMismatch,
                context.Describe(0) + " does not have the axes rows and features");
  if (const auto features = KnownFeatures(context)) INSITU_TRY(forest.CheckFeatures(*features));
  context.SetOutput(0, context.dtype(0), Shape{shape ? shape->front() : Dim::Unknown(), targets});
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const FeatureRows shape, ReadFeatureRows(x.dims));
  INSITU_ASSIGN(const int64_t targets, TargetCount(context.node));
  INSITU_ASSIGN(const PostTransform transform, ReadPostTransform(context.node));
  INSITU_ASSIGN(const TreeAggregate aggregate, AggregateOf(context.node));
  INSITU_ASSIGN(const Forest forest, ReadForest(context.node));
  INSITU_TRY(forest.Check(targets));
  INSITU_TRY(forest.CheckFeatures(shape.features));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, {shape.rows, targets}));
  INSITU_ASSIGN(Tensor row, Tensor::Allocate(DType::kFloat64, {shape.features}));
  std::vector<double> scores(static_cast<size_t>(targets));
  for (int64_t n = 0; n < shape.rows; ++n) {
    LoadElements(x, n * shape.features, 1, shape.features, row.As<double>().data());
    INSITU_TRY(AggregateRow(forest, aggregate, row.As<double>(), scores));
    TransformScores(scores, transform);
    StoreElements(scores.data(), targets, y, n * targets);
  }
  return {};
}

constexpr int kSince[] = {5};
constexpr AttrSpec kAttributes[] = {
    {"aggregate_function", AttrKind::kInt},
    {"leaf_targetids", AttrKind::kInts, true},
    {"leaf_weights", AttrKind::kTensor, true},
    {"membership_values", AttrKind::kTensor},
    {"n_targets", AttrKind::kInt},
    {"nodes_falseleafs", AttrKind::kInts, true},
    {"nodes_falsenodeids", AttrKind::kInts, true},
    {"nodes_featureids", AttrKind::kInts, true},
    {"nodes_hitrates", AttrKind::kTensor},
    {"nodes_missing_value_tracks_true", AttrKind::kInts},
    {"nodes_modes", AttrKind::kTensor, true},
    {"nodes_splits", AttrKind::kTensor, true},
    {"nodes_trueleafs", AttrKind::kInts, true},
    {"nodes_truenodeids", AttrKind::kInts, true},
    {"post_transform", AttrKind::kInt},
    {"tree_roots", AttrKind::kInts, true},
};

}  // namespace

const OpDef kTreeEnsembleOp = {
    .name = "TreeEnsemble",
    .domain = "ai.onnx.ml",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend has operators of ai.onnx.ml",
};

}  // namespace insitu
