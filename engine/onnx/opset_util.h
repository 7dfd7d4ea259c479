// What the rules of opset normalisation share.
// Invariant: an attribute taken is removed from the node, so that what is left can be checked
// against the newest form.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "ir/graph.h"

namespace insitu {

// An error at the node.
std::unexpected<Error> RuleError(const Node& node, ErrorCode code, std::string message,
                                 std::string hint);

// Removes the attribute and gives its value; InvalidModel when it is of another type.
template <class T>
Result<std::optional<T>> Take(Node& node, std::string_view name) {
  const auto found = node.attributes.find(name);
  if (found == node.attributes.end()) return std::optional<T>();
  T* value = std::get_if<T>(&found->second);
  if (!value)
    return RuleError(node, ErrorCode::kInvalidModel,
                     "the attribute '" + std::string(name) + "' is of the wrong type",
                     "The model was written by a faulty exporter.");
  std::optional<T> taken(std::move(*value));
  node.attributes.erase(found);
  return taken;
}

// Makes `value` the input at `index`, filling omitted ones before it. InvalidModel when the node
// has that input already.
Status AddInput(Graph& graph, NodeId id, size_t index, ValueId value);
// int64 constant of one axis; named after the node.
Result<ValueId> IntegersConstant(Graph& graph, NodeId id, std::string_view what,
                                 const std::vector<int64_t>& values);
Result<ValueId> FloatsConstant(Graph& graph, NodeId id, std::string_view what,
                               const std::vector<float>& values);
// A scalar of the element type of the node's first input (float32 where that is not known).
Result<ValueId> ScalarLikeInput(Graph& graph, NodeId id, std::string_view what, double value);
// Whether the value has neither readers nor is an output.
bool IsUnused(const Graph& graph, ValueId value);
// A value named after the node, for nodes that a rule puts in between.
ValueId AddIntermediate(Graph& graph, NodeId id, std::string_view what);

}  // namespace insitu
