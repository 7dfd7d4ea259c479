// Reading the trees of TreeEnsembleClassifier and TreeEnsembleRegressor: parallel lists of nodes,
// of which each is named by the number of its tree and its own.
// https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html (1, 3, 5)
// Nodes almost always count up from their root, so that is tried before a search.
#include <algorithm>
#include <map>
#include <tuple>

#include "base/compact_sort.h"
#include "ops/attribute_list.h"
#include "ops/forest.h"

namespace insitu {
namespace {

constexpr std::string_view kModes[] = {"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE", "BRANCH_GT",
                                       "BRANCH_EQ",  "BRANCH_NEQ", "",           "LEAF"};

std::unexpected<Error> Invalid(std::string what) {
  return Fail(ErrorCode::kInvalidModel, std::move(what),
              "The model was written by a faulty exporter.");
}

// Finds nodes by tree and number.
class NodeNames {
 public:
  NodeNames(const std::vector<int64_t>& trees, const std::vector<int64_t>& numbers)
      : trees_(trees), numbers_(numbers) {
    for (size_t i = 0; i < trees.size(); ++i) roots_.emplace(trees[i], i);
  }

  const std::map<int64_t, size_t>& roots() const { return roots_; }

  // -1 when there is no such node.
  int64_t Find(int64_t tree, int64_t number) {
    const auto root = roots_.find(tree);
    if (root == roots_.end()) return -1;
    const uint64_t guess = root->second + static_cast<uint64_t>(number) -
                           static_cast<uint64_t>(numbers_[root->second]);
    if (guess < trees_.size() && trees_[guess] == tree && numbers_[guess] == number)
      return static_cast<int64_t>(guess);
    if (order_.empty()) Sort();
    const std::pair<int64_t, int64_t> name(tree, number);
    const auto name_of = [&](size_t i) { return std::pair(trees_[i], numbers_[i]); };
    const auto found = std::ranges::lower_bound(order_, name, {}, name_of);
    return found != order_.end() && name_of(*found) == name ? static_cast<int64_t>(*found) : -1;
  }

 private:
  void Sort() {
    for (size_t i = 0; i < trees_.size(); ++i) order_.push_back(i);
    CompactSort(order_, [&](size_t a, size_t b) {
      return std::tuple(trees_[a], numbers_[a], a) < std::tuple(trees_[b], numbers_[b], b);
    });
  }

  const std::vector<int64_t>&trees_, &numbers_;
  std::map<int64_t, size_t> roots_;  // the first node of every tree
  std::vector<size_t> order_;
};

Result<std::vector<TreeNode>> ReadNodes(const Node& node, NodeNames& names,
                                        const std::vector<int64_t>& trees) {
  const size_t count = trees.size();
  const auto& modes = ListOf<std::string>(node, "nodes_modes");
  const auto& features = ListOf<int64_t>(node, "nodes_featureids");
  const auto& on_true = ListOf<int64_t>(node, "nodes_truenodeids");
  const auto& on_false = ListOf<int64_t>(node, "nodes_falsenodeids");
  const auto& missing = ListOf<int64_t>(node, "nodes_missing_value_tracks_true");
  const std::vector<double> values = RealsOf(node, "nodes_values");
  for (size_t size : {modes.size(), features.size(), on_true.size(), on_false.size(), values.size(),
                      missing.empty() ? count : missing.size()})
    if (size != count)
      return Invalid("a list of tree nodes has " + std::to_string(size) +
                     " entries, nodes_treeids " + std::to_string(count));
  std::vector<TreeNode> nodes(count);
  for (size_t i = 0; i < count; ++i) {
    TreeNode& to = nodes[i];
    const auto mode = std::ranges::find(kModes, modes[i]);
    if (mode == std::end(kModes) || modes[i].empty())
      return Invalid("a tree node has the mode '" + modes[i] + "'");
    to.mode = static_cast<TreeMode>(mode - kModes);
    if (to.mode == TreeMode::kLeaf) continue;
    to.missing_is_true = !missing.empty() && missing[i] != 0;
    to.feature = features[i];
    to.value = values[i];
    to.on_true = names.Find(trees[i], on_true[i]);
    to.on_false = names.Find(trees[i], on_false[i]);
  }
  return nodes;
}

}  // namespace

Result<Forest> ReadNamedForest(const Node& node, const std::string& prefix) {
  const auto& trees = ListOf<int64_t>(node, "nodes_treeids");
  const auto& numbers = ListOf<int64_t>(node, "nodes_nodeids");
  if (trees.size() != numbers.size())
    return Invalid("nodes_treeids and nodes_nodeids differ in length");
  NodeNames names(trees, numbers);
  Forest forest;
  INSITU_ASSIGN(forest.nodes, ReadNodes(node, names, trees));
  for (const auto& [tree, root] : names.roots()) forest.roots.push_back(static_cast<int64_t>(root));

  const auto& leaf_trees = ListOf<int64_t>(node, prefix + "_treeids");
  const auto& leaf_numbers = ListOf<int64_t>(node, prefix + "_nodeids");
  const auto& targets = ListOf<int64_t>(node, prefix + "_ids");
  const std::vector<double> weights = RealsOf(node, prefix + "_weights");
  const size_t count = leaf_trees.size();
  if (leaf_numbers.size() != count || targets.size() != count || weights.size() != count)
    return Invalid("the lists of leaf weights differ in length");
  // By leaf: first how many, then where they start, then the weights in their order.
  std::vector<int64_t> leaves(count);
  for (size_t i = 0; i < count; ++i) {
    leaves[i] = names.Find(leaf_trees[i], leaf_numbers[i]);
    if (leaves[i] < 0)
      return Invalid("a weight is for node " + std::to_string(leaf_numbers[i]) + " of tree " +
                     std::to_string(leaf_trees[i]) + ", which does not exist");
    ++forest.nodes[static_cast<size_t>(leaves[i])].count;
  }
  int64_t first = 0;
  for (TreeNode& to : forest.nodes) {
    to.first = first;
    first += to.count;
    to.count = 0;
  }
  forest.weights.resize(count);
  for (size_t i = 0; i < count; ++i) {
    TreeNode& leaf = forest.nodes[static_cast<size_t>(leaves[i])];
    forest.weights[static_cast<size_t>(leaf.first + leaf.count++)] = {targets[i], weights[i]};
  }
  for (TreeNode& to : forest.nodes)
    if (to.mode != TreeMode::kLeaf) to.first = to.count = 0;
  return forest;
}

}  // namespace insitu
