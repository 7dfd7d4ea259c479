// Graph: the one intermediate representation, from import to planning.
// Invariant (checked by ir/verify.h): nodes are in topological order; every value has at most one
// producer; values and nodes are named by index and never moved (references to them stay valid),
// removed ones are marked dead.
// Operators are ONNX operators after opset normalisation (onnx/opset.h), plus those of
// com.microsoft; passes may use attributes that ops/ documents as insitu's own (activation_min).
// Graphs in attributes (ops/control_flow.h) are shared by copies of a node.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

#include "base/dim.h"
#include "base/tensor.h"

namespace insitu {

class Graph;

using ValueId = int32_t;
using NodeId = int32_t;
inline constexpr ValueId kNoValue = -1;  // an omitted optional input or output
inline constexpr NodeId kNoNode = -1;

using Attribute =
    std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                 std::vector<std::string>, Tensor, std::shared_ptr<Graph>>;
using Attributes = std::map<std::string, Attribute, std::less<>>;

// Element type and shape as far as they are known before a run.
struct ValueType {
  DType dtype = DType::kUndefined;
  std::optional<Shape> shape;  // nullopt: not even the rank is known
  // What a sequence or an optional value holds; nullptr where that is not known.
  std::shared_ptr<const ValueType> element = nullptr;

  void Transfer(Archive& archive) { archive(dtype, shape, element); }
};

struct Value {
  std::string name;
  ValueType type;
  std::optional<Tensor> constant;  // initializers and folded values
  // The elements of a small integer tensor, as far as shape inference knows them.
  std::optional<std::vector<Dim>> elements;

  void Transfer(Archive& archive) { archive(name, type, constant, elements); }
};

struct Node {
  std::string name;    // from the file, or made unique by the importer
  std::string domain;  // "" is ai.onnx
  std::string op;
  std::vector<ValueId> inputs;   // kNoValue where an optional input is omitted
  std::vector<ValueId> outputs;  // kNoValue where an optional output is omitted
  Attributes attributes;
  bool dead = false;

  // The attribute as T, or `fallback` when absent or of another type (the importer has checked
  // types against OpDef.attributes).
  template <class T>
  T Attr(std::string_view key, T fallback) const {
    auto it = attributes.find(key);
    if (it == attributes.end()) return fallback;
    const T* value = std::get_if<T>(&it->second);
    return value ? *value : fallback;
  }
  // kNoValue where it is omitted, or there are not so many.
  ValueId Input(size_t i) const { return i < inputs.size() ? inputs[i] : kNoValue; }
  // Of a live one.
  void Transfer(Archive& archive) { archive(name, domain, op, inputs, outputs, attributes); }
  bool Has(std::string_view key) const { return attributes.find(key) != attributes.end(); }
  bool Is(std::string_view op_type, std::string_view op_domain = "") const {
    return op == op_type && domain == op_domain;
  }
};

// The values that a node reads, each once.
std::vector<ValueId> DistinctInputs(const Node& node);

class Graph {
 public:
  std::string name;
  std::vector<ValueId> inputs;   // in the order of the file, without initializers
  std::vector<ValueId> outputs;  // in the order of the file; an input or constant may be an output
  std::map<std::string, std::string> metadata;  // metadata_props of the model

  ValueId AddValue(Value value);
  // A constant with a fresh name derived from `hint`.
  ValueId AddConstant(std::string_view hint, Tensor tensor);
  // Appends at the end, or in front of `before` in the order of execution.
  NodeId AddNode(Node node, NodeId before = kNoNode);

  Value& value(ValueId id) { return values_[static_cast<size_t>(id)]; }
  const Value& value(ValueId id) const { return values_[static_cast<size_t>(id)]; }
  // Attributes and names may be changed in place; connections only through Connect, so that
  // Producer and Consumers stay true in constant time.
  Node& node(NodeId id) { return nodes_[static_cast<size_t>(id)]; }
  const Node& node(NodeId id) const { return nodes_[static_cast<size_t>(id)]; }
  size_t value_count() const { return values_.size(); }
  size_t node_count() const { return nodes_.size(); }

  // Live nodes in order of execution. Stable only until the next AddNode.
  std::vector<NodeId> Order() const;
  // The producer of a value, kNoNode for inputs and constants.
  NodeId Producer(ValueId id) const;
  // Live nodes that read the value, each once, in order of execution.
  std::vector<NodeId> Consumers(ValueId id) const;
  // The one node that reads it; kNoNode where none or several do.
  NodeId OnlyConsumer(ValueId id) const;
  bool IsOutput(ValueId id) const;
  bool IsConstant(ValueId id) const { return id != kNoValue && value(id).constant.has_value(); }
  // Constant tensor of an input, or nullptr.
  const Tensor* Constant(ValueId id) const {
    return IsConstant(id) ? &*value(id).constant : nullptr;
  }

  // Replaces a live node's inputs and outputs.
  void Connect(NodeId id, std::vector<ValueId> inputs, std::vector<ValueId> outputs);
  // Replaces one input.
  void SetInput(NodeId id, size_t index, ValueId value);
  // Moves a live node in front of another in the order of execution.
  void MoveNode(NodeId id, NodeId before);
  // These live nodes in order of execution.
  std::vector<NodeId> InOrder(std::vector<NodeId> nodes) const;
  // The order of execution; `order` holds every live node once.
  void SetOrder(std::vector<NodeId> order);
  // Makes every reader of `from` (and the graph output list) use `to`; only the producer of `to`
  // may go on reading `from`. An output keeps its name: `to` takes it over, or, where `to` has a
  // name to keep itself (NeedsIdentity), an Identity node from `to` gives the output.
  void ReplaceUses(ValueId from, ValueId to);
  // Whether ReplaceUses would add an Identity: `from` is an output, `to` an input or output.
  bool NeedsIdentity(ValueId from, ValueId to) const;
  // Marks the node dead and forgets it as producer.
  void Remove(NodeId id);
  // All values and the live nodes, numbered anew in order of execution. Read into an empty graph.
  void Transfer(Archive& archive);
  // A value name not used yet, starting with `hint`.
  std::string FreshName(std::string_view hint) const;

 private:
  // The place of a node in the order of execution: a list whose labels grow along it.
  struct Place {
    NodeId previous = kNoNode, next = kNoNode;
    int64_t label = 0;
  };
  Place& place(NodeId id) { return places_[static_cast<size_t>(id)]; }
  void Link(NodeId id, NodeId before);
  void Unlink(NodeId id);
  void Relabel();
  void AddReader(ValueId value, NodeId id);
  void RemoveReader(ValueId value, NodeId id);

  std::deque<Value> values_;
  std::deque<Node> nodes_;
  std::vector<Place> places_;
  NodeId first_ = kNoNode, last_ = kNoNode;
  std::vector<NodeId> producers_;          // by value
  std::vector<std::set<NodeId>> readers_;  // by value
  std::unordered_set<std::string> names_;  // of values
};

}  // namespace insitu
