// Walking trees, and adding up what their leaves say.
#include "ops/forest.h"

#include <algorithm>
#include <cmath>

namespace insitu {
namespace {

bool Inside(int64_t index, size_t size) { return index >= 0 && static_cast<size_t>(index) < size; }

bool RangeInside(int64_t first, int64_t count, size_t size) {
  const auto end = static_cast<int64_t>(size);
  return first >= 0 && count >= 0 && first <= end && count <= end - first;
}

bool Answer(const TreeNode& node, double x, std::span<const double> members) {
  if (std::isnan(x)) return node.missing_is_true;
  switch (node.mode) {
    case TreeMode::kLeq:
      return x <= node.value;
    case TreeMode::kLt:
      return x < node.value;
    case TreeMode::kGte:
      return x >= node.value;
    case TreeMode::kGt:
      return x > node.value;
    case TreeMode::kEq:
      return x == node.value;
    case TreeMode::kNeq:
      return x != node.value;
    default: {
      const auto set =
          members.subspan(static_cast<size_t>(node.first), static_cast<size_t>(node.count));
      return std::ranges::find(set, x) != set.end();
    }
  }
}

}  // namespace

Status Forest::Check(int64_t targets) const {
  const auto fail = [](std::string what) {
    return Fail(ErrorCode::kInvalidModel, "a tree has " + what,
                "The model was written by a faulty exporter.");
  };
  for (int64_t root : roots)
    if (!Inside(root, nodes.size())) return fail("a root outside its nodes");
  for (const TreeNode& node : nodes) {
    const bool leaf = node.mode == TreeMode::kLeaf;
    if (!leaf && (!Inside(node.on_true, nodes.size()) || !Inside(node.on_false, nodes.size())))
      return fail("a branch that leads to no node");
    if (!leaf && node.feature < 0) return fail("a negative feature");
    if (!RangeInside(node.first, node.count, leaf ? weights.size() : members.size()))
      return fail("a leaf without its weights");
  }
  for (const LeafWeight& weight : weights)
    if (weight.target < 0 || weight.target >= targets)
      return fail("a weight for target " + std::to_string(weight.target) + " of " +
                  std::to_string(targets));
  return {};
}

Status Forest::CheckFeatures(int64_t features) const {
  for (const TreeNode& node : nodes)
    if (node.mode != TreeMode::kLeaf && node.feature >= features)
      return Fail(ErrorCode::kShapeMismatch, "a tree asks for feature " +
                                                 std::to_string(node.feature) + " of rows with " +
                                                 std::to_string(features));
  return {};
}

Result<const TreeNode*> Forest::Leaf(int64_t root, std::span<const double> row) const {
  const TreeNode* node = &nodes[static_cast<size_t>(root)];
  for (size_t steps = 0; node->mode != TreeMode::kLeaf; ++steps) {
    if (steps > nodes.size())
      return Fail(ErrorCode::kInvalidModel, "a tree has a cycle",
                  "The model was written by a faulty exporter.");
    const bool answer = Answer(*node, row[static_cast<size_t>(node->feature)], members);
    node = &nodes[static_cast<size_t>(answer ? node->on_true : node->on_false)];
  }
  return node;
}

Status AggregateRow(const Forest& forest, TreeAggregate aggregate, std::span<const double> row,
                    std::span<double> scores) {
  const bool sums = aggregate == TreeAggregate::kSum || aggregate == TreeAggregate::kAverage;
  constexpr double kNone = std::numeric_limits<double>::infinity();
  std::ranges::fill(scores, sums ? 0 : aggregate == TreeAggregate::kMin ? kNone : -kNone);
  for (int64_t root : forest.roots) {
    INSITU_ASSIGN(const TreeNode* leaf, forest.Leaf(root, row));
    for (const LeafWeight& weight : forest.WeightsOf(*leaf)) {
      double& score = scores[static_cast<size_t>(weight.target)];
      if (sums)
        score += weight.weight;
      else
        score = aggregate == TreeAggregate::kMin ? std::min(score, weight.weight)
                                                 : std::max(score, weight.weight);
    }
  }
  const auto trees = static_cast<double>(std::max<size_t>(forest.roots.size(), 1));
  for (double& score : scores) {
    if (aggregate == TreeAggregate::kAverage) score /= trees;
    if (!sums && std::isinf(score)) score = 0;
  }
  return {};
}

}  // namespace insitu
