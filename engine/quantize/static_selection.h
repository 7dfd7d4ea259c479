// Which nodes of a float graph compute on 8-bit activations, and which values share a scale.
// Invariant: a node is chosen only where what it reads comes quantized or is worth quantizing for
// it: linear layers always, what only moves or combines elements between them.
#pragma once

#include <functional>
#include <set>
#include <vector>

#include "ir/graph.h"

namespace insitu {

struct ChosenNode {
  NodeId id = kNoNode;
  NodeId activation = kNoNode;  // a Relu or Clip behind it that is computed with it
  std::vector<size_t> data;     // inputs that are activations
  ValueId output = kNoValue;    // of the activation, if there is one
};

struct Selection {
  std::vector<ChosenNode> nodes;    // in order of execution
  std::map<ValueId, ValueId> root;  // of a value that a chosen node only moves: where it comes from

  // The value whose scale `id` has.
  ValueId Root(ValueId id) const;
  // Values that chosen nodes read as activations, each once.
  std::set<ValueId> Read(const Graph& graph) const;
};

// `wanted` says of a node whether it may be chosen.
Selection Select(const Graph& graph, const std::function<bool(const Node&)>& wanted);
// One node alone, of those that Select can choose.
Selection SelectAlone(const Graph& graph, const Selection& all, NodeId id);

}  // namespace insitu
