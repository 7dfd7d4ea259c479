// SplitQLinearConcat: com.microsoft.QLinearConcat becomes Concat of bytes, each part that has
// another quantization than the whole brought to it by a ByteMap in front. Why: parts that agree
// are only copied then, or not even that, and the rest is a look-up.
#include "ops/byte_table.h"
#include "ops/quantization.h"
#include "passes/passes.h"

namespace insitu {
namespace {

// Inputs: y_scale, y_zero_point, then x, x_scale, x_zero_point of every part.
constexpr size_t kFirst = 2, kPart = 3;

std::optional<Quantization> Read(const Graph& graph, const Node& node, size_t scale) {
  const Tensor* constant = graph.Constant(node.inputs[scale]);
  const bool has_zero = scale + 1 < node.inputs.size() && node.inputs[scale + 1] != kNoValue;
  const Tensor* zero = has_zero ? graph.Constant(node.inputs[scale + 1]) : nullptr;
  if (!constant || (has_zero && !zero)) return std::nullopt;
  const auto read = ReadQuantization(constant->View(), zero ? zero->View() : TensorView{}, node.op);
  return read ? std::optional(*read) : std::nullopt;
}

// All quantizations, the output's first; empty when one is not constant.
std::vector<Quantization> ReadAll(const Graph& graph, const Node& node) {
  std::vector<Quantization> all;
  for (size_t scale = 0; scale < node.inputs.size(); scale += kPart) {
    const auto read = Read(graph, node, scale);
    if (!read) return {};
    all.push_back(*read);
  }
  return all;
}

Result<ValueId> Mapped(Graph& graph, NodeId before, ValueId part, const Quantization& from,
                       const Quantization& to) {
  const Value& value = graph.value(part);
  const DType dtype = value.type.dtype;
  const ByteTable entries = RequantizingTable(dtype, from, to, [](float real) { return real; });
  INSITU_ASSIGN(Tensor table,
                Tensor::FromBytes(dtype, {256}, std::as_bytes(std::span(entries.entries()))));
  const std::string name = graph.FreshName(value.name + "_requantized");
  const ValueId constant = graph.AddConstant(name + "_table", std::move(table));
  const ValueId mapped = graph.AddValue({name, graph.value(part).type, {}, {}});
  graph.AddNode({name, "insitu", "ByteMap", {part, constant}, {mapped}, {}, false}, before);
  return mapped;
}

}  // namespace

Result<bool> SplitQLinearConcat(Graph& graph, PassContext&) {
  bool changed = false;
  for (NodeId id : graph.Order()) {
    if (!graph.node(id).Is("QLinearConcat", "com.microsoft")) continue;
    const std::vector<Quantization> numbers = ReadAll(graph, graph.node(id));
    if (numbers.empty()) continue;
    const std::vector<ValueId> given = graph.node(id).inputs;
    std::vector<ValueId> parts;
    for (size_t i = kFirst, part = 1; i < given.size(); i += kPart, ++part) {
      const Quantization &from = numbers[part], &to = numbers[0];
      parts.push_back(given[i]);
      if (from.scale == to.scale && from.zero_point == to.zero_point) continue;
      INSITU_ASSIGN(parts.back(), Mapped(graph, id, given[i], from, to));
    }
    Node& node = graph.node(id);
    node.domain.clear();
    node.op = "Concat";
    graph.Connect(id, std::move(parts), std::vector<ValueId>(node.outputs));
    changed = true;
  }
  return changed;
}

}  // namespace insitu
