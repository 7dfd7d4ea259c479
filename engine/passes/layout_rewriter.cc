// Rewriting to channels-last, in order of execution, so that what a node reads is decided already.
#include "passes/layout_rewriter.h"

#include <algorithm>
#include <numeric>

#include "ops/copy.h"
#include "ops/op_def.h"
#include "ops/transpose.h"

namespace insitu {
namespace {

std::optional<size_t> RankOf(const Graph& graph, ValueId id) {
  const auto& shape = graph.value(id).type.shape;
  return shape ? std::optional(shape->size()) : std::nullopt;
}

bool HasOneElement(const Graph& graph, ValueId id) {
  const auto& shape = graph.value(id).type.shape;
  return shape && std::ranges::all_of(*shape, [](const Dim& dim) { return dim == Dim(1); });
}

// A scale beside the data, for example: no layout changes it.
bool IsNumber(const Graph& graph, ValueId id) { return RankOf(graph, id) == size_t{0}; }

// How a node is computed channels-last.
struct Conversion {
  size_t rank = 0;
  Attributes attributes;
  bool first_input_only = false;
  std::vector<ReplacedInput> replaced;
};

enum class InputKind : uint8_t { kData, kAsItIs, kImpossible };

InputKind KindOf(const Graph& graph, const Conversion& conversion, const Node& node, size_t i) {
  const ValueId id = node.inputs[i];
  if (id == kNoValue || (i > 0 && conversion.first_input_only)) return InputKind::kAsItIs;
  const auto replaces_i = [i](const ReplacedInput& input) { return input.index == i; };
  if (std::ranges::any_of(conversion.replaced, replaces_i)) return InputKind::kAsItIs;
  if (RankOf(graph, id) == conversion.rank) return InputKind::kData;
  return HasOneElement(graph, id) ? InputKind::kAsItIs : InputKind::kImpossible;
}

Result<std::optional<Conversion>> Convert(const Graph& graph, const Node& node) {
  const OpDef* def = FindOp(node.op, node.domain);
  if (!def || !def->commute || node.Has("channels_last") || node.inputs.empty() ||
      node.inputs[0] == kNoValue)
    return std::nullopt;
  Conversion conversion;
  for (ValueId output : node.outputs) {
    if (output == kNoValue || IsNumber(graph, output)) continue;
    const auto rank = RankOf(graph, output);
    if (!rank || *rank < 3 || (conversion.rank != 0 && conversion.rank != *rank))
      return std::nullopt;
    conversion.rank = *rank;
  }
  if (conversion.rank == 0) return std::nullopt;
  const std::vector<int64_t> perm = PermToLast(conversion.rank);
  auto attributes = def->commute(graph, node, perm);
  if (!attributes) return std::nullopt;
  conversion.attributes = *std::move(attributes);
  conversion.first_input_only = conversion.attributes.contains("channels_last");
  if (conversion.first_input_only &&
      std::ranges::count_if(node.outputs, [](ValueId id) { return id != kNoValue; }) > 1)
    return std::nullopt;
  if (def->commute_inputs) {
    INSITU_ASSIGN(conversion.replaced, def->commute_inputs(graph, node, perm));
  }
  bool any_data = false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const InputKind kind = KindOf(graph, conversion, node, i);
    if (kind == InputKind::kImpossible) return std::nullopt;
    any_data = any_data || kind == InputKind::kData;
  }
  if (!any_data) return std::nullopt;
  return conversion;
}

}  // namespace

std::vector<int64_t> PermToLast(size_t rank) {
  std::vector<int64_t> perm(rank, 1);
  perm[0] = 0;
  std::iota(perm.begin() + 1, perm.end() - 1, 2);
  return perm;
}

std::vector<int64_t> PermFromLast(size_t rank) {
  std::vector<int64_t> perm(rank, 0);
  perm[1] = static_cast<int64_t>(rank) - 1;
  std::iota(perm.begin() + 2, perm.end(), 1);
  return perm;
}

LayoutTranspose LayoutTransposeOf(const Graph& graph, const Node& node) {
  if (!node.Is("Transpose")) return LayoutTranspose::kNone;
  const auto rank = RankOf(graph, node.inputs[0]);
  if (!rank || *rank < 3) return LayoutTranspose::kNone;
  const std::vector<int64_t> perm = TransposePerm(node, *rank);
  if (perm == PermToLast(*rank)) return LayoutTranspose::kToLast;
  return perm == PermFromLast(*rank) ? LayoutTranspose::kFromLast : LayoutTranspose::kNone;
}

Result<bool> CanBeChannelsLast(const Graph& graph, const Node& node) {
  INSITU_ASSIGN(const auto conversion, Convert(graph, node));
  return conversion.has_value();
}

Status LayoutRewriter::Rewrite(const std::vector<bool>& chosen) {
  chosen_ = &chosen;
  const std::vector<NodeId> order = graph_.Order();
  for (size_t i = 0; i < order.size(); ++i) {
    const NodeId id = order[i];
    if (chosen[static_cast<size_t>(id)])
      INSITU_TRY(RewriteNode(id, i + 1 < order.size() ? order[i + 1] : kNoNode));
    else
      RemoveTranspose(id);
  }
  return {};
}

Result<ValueId> LayoutRewriter::ToLast(ValueId id, NodeId reader) {
  if (auto known = last_.find(id); known != last_.end()) return known->second;
  const Value value = graph_.value(id);
  const std::vector<int64_t> perm = PermToLast(value.type.shape->size());
  ValueId last;
  if (value.constant) {
    INSITU_ASSIGN(Tensor permuted, Permuted(*value.constant, perm));
    last = graph_.AddConstant(value.name + "_channels_last", std::move(permuted));
  } else {
    last = AddLastValue(value);
    AddTranspose(id, last, perm, reader);
  }
  last_[id] = last;
  return last;
}

ValueId LayoutRewriter::AddLastValue(const Value& first) {
  Shape shape;
  for (int64_t axis : PermToLast(first.type.shape->size()))
    shape.push_back((*first.type.shape)[static_cast<size_t>(axis)]);
  return graph_.AddValue({graph_.FreshName(first.name + "_channels_last"),
                          {first.type.dtype, std::move(shape)},
                          std::nullopt,
                          std::nullopt});
}

Status LayoutRewriter::RewriteNode(NodeId id, NodeId next) {
  INSITU_ASSIGN(auto converted, Convert(graph_, graph_.node(id)));
  if (!converted) return Fail(ErrorCode::kInternal, "a node that cannot be channels-last is to be");
  std::vector<ValueId> inputs = graph_.node(id).inputs, outputs = graph_.node(id).outputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (KindOf(graph_, *converted, graph_.node(id), i) != InputKind::kData) continue;
    INSITU_ASSIGN(inputs[i], ToLast(inputs[i], id));
  }
  for (ReplacedInput& replaced : converted->replaced)
    inputs[replaced.index] = graph_.AddConstant(
        graph_.value(inputs[replaced.index]).name + "_channels_last", std::move(replaced.tensor));
  const std::vector<ValueId> first = outputs;
  for (ValueId& output : outputs) {
    if (output == kNoValue || IsNumber(graph_, output)) continue;
    const ValueId last = AddLastValue(Value(graph_.value(output)));
    last_[output] = last;
    output = last;
  }
  graph_.Connect(id, std::move(inputs), outputs);
  graph_.node(id).attributes = std::move(converted->attributes);
  for (size_t i = 0; i < first.size(); ++i) {
    if (first[i] == outputs[i]) continue;
    const std::vector<NodeId> readers = graph_.Consumers(first[i]);
    const bool reads_first =
        std::ranges::any_of(readers, [&](NodeId reader) { return ReadsFirst(reader, first[i]); });
    if (reads_first || graph_.IsOutput(first[i]))
      AddTranspose(outputs[i], first[i], PermFromLast(converted->rank), next);
  }
  return {};
}

// Whether the reader wants the value as it is, and not in its channels-last form.
bool LayoutRewriter::ReadsFirst(NodeId reader, ValueId id) const {
  const Node& node = graph_.node(reader);
  if (LayoutTransposeOf(graph_, node) == LayoutTranspose::kToLast)
    return graph_.NeedsIdentity(node.outputs[0], last_.at(id));
  return !(*chosen_)[static_cast<size_t>(reader)];
}

// A Transpose of the model to channels-last gives what exists already; one from channels-last
// shows what its output is in that layout.
void LayoutRewriter::RemoveTranspose(NodeId id) {
  const Node& node = graph_.node(id);
  const LayoutTranspose kind = LayoutTransposeOf(graph_, node);
  if (kind == LayoutTranspose::kFromLast) last_.emplace(node.outputs[0], node.inputs[0]);
  if (kind != LayoutTranspose::kToLast) return;
  const auto known = last_.find(node.inputs[0]);
  if (known == last_.end() || graph_.NeedsIdentity(node.outputs[0], known->second)) return;
  const ValueId from = node.outputs[0], to = known->second;
  graph_.Remove(id);
  graph_.ReplaceUses(from, to);
}

void LayoutRewriter::AddTranspose(ValueId from, ValueId to, std::vector<int64_t> perm,
                                  NodeId before) {
  Node node{graph_.value(to).name + "_transpose", "", "Transpose", {from}, {to}, {}, false};
  node.attributes.emplace("perm", std::move(perm));
  graph_.AddNode(std::move(node), before);
}

}  // namespace insitu
