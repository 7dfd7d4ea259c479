// Building and rewiring of graphs.
// Invariant: producers_ and readers_ mirror the connections of live nodes; labels grow strictly
// along the list of places, so that consumers can be put in order of execution.
#include "ir/graph.h"

#include <algorithm>
#include <iterator>

namespace insitu {
namespace {

constexpr int64_t kLabelStep = int64_t{1} << 32;

bool Reads(const Node& node, ValueId value) {
  return std::ranges::find(node.inputs, value) != node.inputs.end();
}

}  // namespace

std::vector<ValueId> DistinctInputs(const Node& node) {
  std::vector<ValueId> distinct = node.inputs;
  std::ranges::sort(distinct);
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  if (!distinct.empty() && distinct.front() == kNoValue) distinct.erase(distinct.begin());
  return distinct;
}

ValueId Graph::AddValue(Value value) {
  names_.insert(value.name);
  values_.push_back(std::move(value));
  producers_.push_back(kNoNode);
  readers_.emplace_back();
  return static_cast<ValueId>(values_.size() - 1);
}

ValueId Graph::AddConstant(std::string_view hint, Tensor tensor) {
  Value value;
  value.name = FreshName(hint);
  value.type = {tensor.dtype(), ToShape(tensor.dims())};
  value.constant = std::move(tensor);
  return AddValue(std::move(value));
}

NodeId Graph::AddNode(Node node, NodeId before) {
  const auto id = static_cast<NodeId>(nodes_.size());
  std::vector<ValueId> inputs = std::move(node.inputs), outputs = std::move(node.outputs);
  node.inputs.clear();
  node.outputs.clear();
  nodes_.push_back(std::move(node));
  places_.emplace_back();
  Link(id, before);
  Connect(id, std::move(inputs), std::move(outputs));
  return id;
}

void Graph::Transfer(Archive& archive) {
  archive(name, inputs, outputs, metadata);
  const size_t values = archive.Count(values_.size());
  for (size_t i = 0; i < values; ++i) {
    Value read;
    archive(archive.reads() ? read : values_[i]);
    if (archive.reads()) AddValue(std::move(read));
  }
  std::vector<NodeId> order = Order();
  order.resize(archive.Count(order.size()));
  for (NodeId id : order) {
    Node read;
    archive(archive.reads() ? read : node(id));
    if (archive.failed()) return;
    if (archive.reads()) AddNode(std::move(read));
  }
}

std::vector<NodeId> Graph::Order() const {
  std::vector<NodeId> order;
  for (NodeId id = first_; id != kNoNode; id = places_[static_cast<size_t>(id)].next)
    order.push_back(id);
  return order;
}

NodeId Graph::Producer(ValueId id) const {
  return id == kNoValue ? kNoNode : producers_[static_cast<size_t>(id)];
}

std::vector<NodeId> Graph::Consumers(ValueId id) const {
  if (id == kNoValue) return {};
  const std::set<NodeId>& readers = readers_[static_cast<size_t>(id)];
  return InOrder({readers.begin(), readers.end()});
}

std::vector<NodeId> Graph::InOrder(std::vector<NodeId> nodes) const {
  std::ranges::sort(nodes, {},
                    [this](NodeId node) { return places_[static_cast<size_t>(node)].label; });
  return nodes;
}

NodeId Graph::OnlyConsumer(ValueId id) const {
  if (id == kNoValue) return kNoNode;
  const std::set<NodeId>& readers = readers_[static_cast<size_t>(id)];
  return readers.size() == 1 ? *readers.begin() : kNoNode;
}

bool Graph::IsOutput(ValueId id) const { return std::ranges::find(outputs, id) != outputs.end(); }

void Graph::Connect(NodeId id, std::vector<ValueId> inputs, std::vector<ValueId> outputs) {
  Node& target = node(id);
  for (ValueId input : DistinctInputs(target)) RemoveReader(input, id);
  for (ValueId output : target.outputs)
    if (Producer(output) == id) producers_[static_cast<size_t>(output)] = kNoNode;
  target.inputs = std::move(inputs);
  target.outputs = std::move(outputs);
  for (ValueId input : DistinctInputs(target)) AddReader(input, id);
  for (ValueId output : target.outputs)
    if (output != kNoValue) producers_[static_cast<size_t>(output)] = id;
}

void Graph::SetInput(NodeId id, size_t index, ValueId value) {
  std::vector<ValueId>& inputs_of = node(id).inputs;
  const ValueId old = inputs_of[index];
  if (old == value) return;
  AddReader(value, id);
  inputs_of[index] = value;
  if (!Reads(node(id), old)) RemoveReader(old, id);
}

void Graph::MoveNode(NodeId id, NodeId before) {
  Unlink(id);
  Link(id, before);
}

void Graph::SetOrder(std::vector<NodeId> order) {
  first_ = last_ = kNoNode;
  for (NodeId id : order) {
    Place& here = place(id);
    here.previous = last_;
    here.next = kNoNode;
    (last_ == kNoNode ? first_ : place(last_).next) = id;
    last_ = id;
  }
  Relabel();
}

bool Graph::NeedsIdentity(ValueId from, ValueId to) const {
  return IsOutput(from) && (IsOutput(to) || std::ranges::find(inputs, to) != inputs.end());
}

void Graph::ReplaceUses(ValueId from, ValueId to) {
  if (from == to) return;
  const NodeId keep = Producer(to);
  for (NodeId id : Consumers(from)) {
    if (id == keep) continue;
    AddReader(to, id);
    std::ranges::replace(node(id).inputs, from, to);
    RemoveReader(from, id);
  }
  if (!IsOutput(from)) return;
  const bool needs_identity = NeedsIdentity(from, to);
  std::string output_name = std::move(value(from).name);
  value(from).name = FreshName(output_name + "_replaced");
  names_.insert(value(from).name);
  ValueId output = to;
  if (needs_identity) {
    output = AddValue({output_name, value(to).type, std::nullopt, std::nullopt});
    AddNode({FreshName(output_name + "_identity"), "", "Identity", {to}, {output}, {}, false});
  } else {
    value(to).name = std::move(output_name);
  }
  std::ranges::replace(outputs, from, output);
}

void Graph::Remove(NodeId id) {
  if (node(id).dead) return;
  Connect(id, {}, {});
  Unlink(id);
  node(id).dead = true;
}

std::string Graph::FreshName(std::string_view hint) const {
  std::string fresh(hint.empty() ? "value" : hint);
  const std::string stem = fresh + "_";
  for (size_t suffix = values_.size(); names_.contains(fresh); ++suffix)
    fresh = stem + std::to_string(suffix);
  return fresh;
}

void Graph::Link(NodeId id, NodeId before) {
  Place& here = place(id);
  here.next = before;
  here.previous = before == kNoNode ? last_ : place(before).previous;
  (here.previous == kNoNode ? first_ : place(here.previous).next) = id;
  (here.next == kNoNode ? last_ : place(here.next).previous) = id;
  const int64_t low = here.previous == kNoNode ? 0 : place(here.previous).label;
  const int64_t high = here.next == kNoNode ? low + 2 * kLabelStep : place(here.next).label;
  here.label = low + (high - low) / 2;
  if (here.label <= low || here.label >= high) Relabel();
}

void Graph::Unlink(NodeId id) {
  const Place here = place(id);
  (here.previous == kNoNode ? first_ : place(here.previous).next) = here.next;
  (here.next == kNoNode ? last_ : place(here.next).previous) = here.previous;
}

void Graph::Relabel() {
  int64_t label = 0;
  for (NodeId id = first_; id != kNoNode; id = place(id).next)
    place(id).label = label += kLabelStep;
}

void Graph::AddReader(ValueId value, NodeId id) {
  if (value != kNoValue) readers_[static_cast<size_t>(value)].insert(id);
}

void Graph::RemoveReader(ValueId value, NodeId id) {
  if (value != kNoValue) readers_[static_cast<size_t>(value)].erase(id);
}

}  // namespace insitu
