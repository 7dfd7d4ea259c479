// Forest: the trees of TreeEnsemble and its older forms, as one array of nodes.
// https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html (5)
// Invariant: children lie inside the array, so do weights and members; a walk that does not reach a
// leaf within as many steps as there are nodes is a cycle and an error.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "ir/graph.h"

namespace insitu {

enum class TreeMode : uint8_t { kLeq, kLt, kGte, kGt, kEq, kNeq, kMember, kLeaf };

struct TreeNode {
  TreeMode mode = TreeMode::kLeaf;
  bool missing_is_true = false;  // where not-a-number goes
  int64_t feature = 0;
  double value = 0;
  int64_t on_true = 0, on_false = 0;
  int64_t first = 0, count = 0;  // weights of a leaf, members of kMember
};

struct LeafWeight {
  int64_t target = 0;
  double weight = 0;
};

struct Forest {
  std::vector<TreeNode> nodes;
  std::vector<int64_t> roots;
  std::vector<LeafWeight> weights;
  std::vector<double> members;

  // InvalidModel where an index leads outside, or a target is not below `targets`.
  Status Check(int64_t targets) const;
  // ShapeMismatch where a node asks for a feature that a row does not have.
  Status CheckFeatures(int64_t features) const;
  // The leaf that the row reaches in one tree.
  Result<const TreeNode*> Leaf(int64_t root, std::span<const double> row) const;
  std::span<const LeafWeight> WeightsOf(const TreeNode& leaf) const {
    return std::span(weights).subspan(static_cast<size_t>(leaf.first),
                                      static_cast<size_t>(leaf.count));
  }
};

enum class TreeAggregate : uint8_t { kAverage, kSum, kMin, kMax };

// scores[target] = the aggregate over all leaves that a row reaches; 0 for targets of no leaf.
Status AggregateRow(const Forest& forest, TreeAggregate aggregate, std::span<const double> row,
                    std::span<double> scores);

// The forms before TreeEnsemble: nodes named by tree and number; the weights of leaves in the
// attributes `prefix` (class or target) + _treeids, _nodeids, _ids and _weights.
Result<Forest> ReadNamedForest(const Node& node, const std::string& prefix);

}  // namespace insitu
