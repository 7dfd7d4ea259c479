// Ports of the quantized operators and the regions they connect (union-find over values).
#include "passes/signed_region.h"

#include <algorithm>
#include <numeric>

#include "ops/elements.h"
#include "passes/movers.h"

namespace insitu {
namespace {

bool ClipsByConstants(const Graph& graph, const Node& node) {
  return std::ranges::all_of(node.inputs.begin() + 1, node.inputs.end(),
                             [&](ValueId id) { return id == kNoValue || graph.IsConstant(id); });
}

std::vector<Port> PortsOfMover(const DataPorts& data) {
  std::vector<Port> ports;
  for (size_t i = 0; i < data.inputs; ++i) ports.push_back({i, false, kNoPort});
  for (size_t i = 0; i < data.outputs; ++i) ports.push_back({i, true, kNoPort});
  return ports;
}

std::vector<Port> AllPorts(const Graph& graph, const Node& node) {
  const std::vector<Port> kOneToOne = {{0, false, kNoPort}, {0, true, kNoPort}};
  const auto is = [&](std::initializer_list<std::string_view> ops) {
    return std::ranges::find(ops, node.op) != ops.end();
  };
  if (node.domain.empty()) {
    if (node.op == "QuantizeLinear") return {{0, true, 2}};
    if (node.op == "DequantizeLinear") return {{0, false, 2}};
    if (node.op == "QLinearConv") return {{0, false, 2}, {0, true, 7}};
    if (node.op == "QLinearMatMul") {
      if (graph.IsConstant(node.inputs[3])) return {{0, false, 2}, {0, true, 7}};
      return {{0, false, 2}, {3, false, 5}, {0, true, 7}};
    }
    if (node.op == "Clip" && ClipsByConstants(graph, node)) return kOneToOne;
    return MoverPorts(node).transform(PortsOfMover).value_or(std::vector<Port>());
  }
  if (node.Is("ByteMap", "insitu") && graph.IsConstant(node.inputs[1])) return kOneToOne;
  if (is({"QLinearAdd", "QLinearMul", "QLinearSub", "QLinearDiv"}))
    return {{0, false, 2}, {3, false, 5}, {0, true, 7}};
  if (is({"QLinearGlobalAveragePool", "QLinearAveragePool", "QLinearSoftmax"}))
    return {{0, false, 2}, {0, true, 4}};
  if (node.op == "ConvIntegerToFloat" || node.op == "MatMulIntegerToFloat") return {{0, false, 4}};
  if (node.op == "QLinearWhere") return {{1, false, 3}, {4, false, 6}, {0, true, 8}};
  if (node.op == "QGemm" && node.inputs.size() > 7 && node.inputs[7] != kNoValue)
    return {{0, false, 2}, {0, true, 8}};
  return {};
}

bool IsUint8(const Graph& graph, ValueId id) {
  return id != kNoValue && graph.value(id).type.dtype == DType::kUint8;
}

class UnionFind {
 public:
  explicit UnionFind(size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), size_t{0});
  }
  size_t Find(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void Join(size_t a, size_t b) { parent_[Find(a)] = Find(b); }

 private:
  std::vector<size_t> parent_;
};

}  // namespace

std::vector<Port> PortsOf(const Graph& graph, const Node& node) {
  std::vector<Port> ports = AllPorts(graph, node);
  for (const Port& port : ports) {
    const bool given =
        port.zero_point < node.inputs.size() && node.inputs[port.zero_point] != kNoValue;
    if (given && !graph.IsConstant(node.inputs[port.zero_point])) return {};
  }
  return ports;
}

bool HasPort(const Graph& graph, const Node& node, ValueId value, bool output) {
  return std::ranges::any_of(PortsOf(graph, node), [&](const Port& port) {
    return port.output == output && port.Value(node) == value;
  });
}

std::optional<Weights> WeightsOf(const Graph& graph, const Node& node) {
  Weights weights{3, 5, false, false};
  if (!node.Is("QLinearConv") && !node.Is("QLinearMatMul") && !node.Is("QGemm", "com.microsoft"))
    return std::nullopt;
  const Tensor* tensor = graph.Constant(node.inputs[weights.input]);
  if (!tensor) return std::nullopt;
  weights.is_signed = tensor->dtype() == DType::kInt8;
  const Tensor* zeros = graph.Constant(node.inputs[weights.zero_point]);
  if (weights.is_signed || !zeros) return weights;
  weights.turnable = true;
  for (int64_t i = 0; i < zeros->elements(); ++i)
    weights.turnable = weights.turnable && LoadInteger(zeros->View(), i) == 128;
  return weights;
}

SignedRegions FindSignedRegions(const Graph& graph) {
  UnionFind regions(graph.value_count());
  std::set<ValueId> candidates;
  for (NodeId id : graph.Order()) {
    const Node& node = graph.node(id);
    ValueId first = kNoValue;
    for (const Port& port : PortsOf(graph, node)) {
      const ValueId value = port.Value(node);
      if (!IsUint8(graph, value)) continue;
      candidates.insert(value);
      if (first == kNoValue) first = value;
      regions.Join(static_cast<size_t>(first), static_cast<size_t>(value));
    }
  }
  std::set<size_t> wanted;
  for (NodeId id : graph.Order()) {
    const Node& node = graph.node(id);
    const auto weights = WeightsOf(graph, node);
    if (!weights || !(weights->is_signed || weights->turnable)) continue;
    for (const Port& port : PortsOf(graph, node))
      if (IsUint8(graph, port.Value(node)))
        wanted.insert(regions.Find(static_cast<size_t>(port.Value(node))));
  }
  std::erase_if(candidates, [&](ValueId value) {
    return !wanted.contains(regions.Find(static_cast<size_t>(value)));
  });
  return SignedRegions(std::move(candidates));
}

}  // namespace insitu
