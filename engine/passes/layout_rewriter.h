// Carries out a choice of layouts: rewrites nodes to channels-last and puts Transposes between.
// Invariant: every value keeps its meaning; the channels-last form of a value is another value.
#pragma once

#include <map>
#include <vector>

#include "base/error.h"
#include "ir/graph.h"

namespace insitu {

// [0, 2, ..., rank - 1, 1] and its inverse.
std::vector<int64_t> PermToLast(size_t rank);
std::vector<int64_t> PermFromLast(size_t rank);

enum class LayoutTranspose : uint8_t { kNone, kToLast, kFromLast };
// Whether the node is a Transpose between the two layouts.
LayoutTranspose LayoutTransposeOf(const Graph& graph, const Node& node);

// Whether the node can compute channels-last: it is not so already, its output 0 has three axes or
// more, a permutation may pass it, and every input is data, a single element, or replaceable.
Result<bool> CanBeChannelsLast(const Graph& graph, const Node& node);

class LayoutRewriter {
 public:
  explicit LayoutRewriter(Graph& graph) : graph_(graph) {}
  // `chosen` by node id: those that become channels-last; CanBeChannelsLast holds for each.
  Status Rewrite(const std::vector<bool>& chosen);

 private:
  Status RewriteNode(NodeId id, NodeId next);
  // The channels-last form of a value for a reader, made in front of it where there is none.
  Result<ValueId> ToLast(ValueId id, NodeId reader);
  // A new value that is to hold the channels-last form of one.
  ValueId AddLastValue(const Value& first);
  void RemoveTranspose(NodeId id);
  bool ReadsFirst(NodeId reader, ValueId id) const;
  void AddTranspose(ValueId from, ValueId to, std::vector<int64_t> perm, NodeId before);

  Graph& graph_;
  const std::vector<bool>* chosen_ = nullptr;
  std::map<ValueId, ValueId> last_;  // value -> its channels-last form
};

}  // namespace insitu
