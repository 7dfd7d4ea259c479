// FuseQdqMap: whatever is computed element by element between DequantizeLinear and QuantizeLinear,
// from one quantized value and constants of one element, becomes one insitu.ByteMap: a table of
// what the operators give for each of the 256 bytes, computed here by the reference. Why: Sigmoid,
// HardSwish, Gelu or SiLU, written as one operator or as many, cost a look-up an element, exactly
// as ONNX defines the chain; requantization alone is the same thing.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

#include "ops/evaluate_node.h"
#include "passes/fold_util.h"
#include "passes/qdq.h"

namespace insitu {
namespace {

constexpr std::array<std::string_view, 53> kElementwise = {"Abs",
                                                           "Acos",
                                                           "Acosh",
                                                           "Add",
                                                           "Asin",
                                                           "Asinh",
                                                           "Atan",
                                                           "Atanh",
                                                           "Cast",
                                                           "Ceil",
                                                           "Celu",
                                                           "Clip",
                                                           "Cos",
                                                           "Cosh",
                                                           "Div",
                                                           "Elu",
                                                           "Erf",
                                                           "Exp",
                                                           "Floor",
                                                           "Gelu",
                                                           "HardSigmoid",
                                                           "HardSwish",
                                                           "Identity",
                                                           "LeakyRelu",
                                                           "Log",
                                                           "Max",
                                                           "Min",
                                                           "Mish",
                                                           "Mul",
                                                           "Neg",
                                                           "PRelu",
                                                           "Pow",
                                                           "QuantizeLinear",
                                                           "DequantizeLinear",
                                                           "Reciprocal",
                                                           "Relu",
                                                           "Round",
                                                           "Selu",
                                                           "Shrink",
                                                           "Sigmoid",
                                                           "Sign",
                                                           "Sin",
                                                           "Sinh",
                                                           "Softplus",
                                                           "Softsign",
                                                           "Sqrt",
                                                           "Sub",
                                                           "Sum",
                                                           "Tan",
                                                           "Tanh",
                                                           "ThresholdedRelu",
                                                           "Mean",
                                                           "Mod"};

constexpr size_t kMostNodes = 64;  // of one region

bool IsElementwise(const Node& node) {
  if (node.outputs.size() != 1) return false;
  if (node.domain.empty()) return std::ranges::find(kElementwise, node.op) != kElementwise.end();
  return node.Is("ByteMap", "insitu") || node.Is("QuickGelu", "com.microsoft") ||
         node.Is("Gelu", "com.microsoft");
}

bool IsByteValue(const Graph& graph, ValueId id) { return IsByte(graph.value(id).type.dtype); }

// The nodes between the QuantizeLinear and the bytes that they all come from.
class Region {
 public:
  explicit Region(const Graph& graph) : graph_(graph) {}

  bool Grow(NodeId quantize) {
    if (!Add(quantize)) return false;
    while (sources_.size() > 1) {
      const auto inner = std::ranges::find_if(sources_, [&](ValueId id) {
        const NodeId producer = graph_.Producer(id);
        return producer != kNoNode && graph_.node(producer).Is("ByteMap", "insitu");
      });
      if (inner == sources_.end()) return false;
      const NodeId producer = graph_.Producer(*inner);
      sources_.erase(inner);
      if (!Add(producer)) return false;
    }
    return sources_.size() == 1 && std::ranges::all_of(nodes_, [&](NodeId id) {
             return id == quantize || IsShared(id) || IsInside(graph_.node(id).outputs[0]);
           });
  }

  // A DequantizeLinear of the source may have other readers.
  bool IsShared(NodeId id) const {
    const Node& node = graph_.node(id);
    return node.Is("DequantizeLinear") && node.inputs[0] == source() && !IsInside(node.outputs[0]);
  }

  ValueId source() const { return *sources_.begin(); }
  std::vector<NodeId> InOrder() const { return graph_.InOrder({nodes_.begin(), nodes_.end()}); }

 private:
  // Whether only nodes of the region read the value.
  bool IsInside(ValueId id) const {
    return !graph_.IsOutput(id) && std::ranges::all_of(graph_.Consumers(id), [&](NodeId reader) {
      return nodes_.contains(reader);
    });
  }

  bool Add(NodeId id) {
    if (nodes_.contains(id)) return true;
    const Node& node = graph_.node(id);
    if (!IsElementwise(node) || nodes_.size() == kMostNodes) return false;
    nodes_.insert(id);
    for (ValueId input : node.inputs) {
      if (input == kNoValue) continue;
      if (const Tensor* constant = graph_.Constant(input)) {
        const bool table = node.Is("ByteMap", "insitu") && input == node.inputs[1];
        if (constant->elements() != 1 && !table) return false;
      } else if (IsByteValue(graph_, input)) {
        sources_.insert(input);
      } else if (const NodeId producer = graph_.Producer(input);
                 producer == kNoNode || !Add(producer)) {
        return false;
      }
    }
    return true;
  }

  const Graph& graph_;
  std::set<NodeId> nodes_;
  std::set<ValueId> sources_;
};

// Every byte once, in the order of its bits.
Result<Tensor> AllBytes(DType dtype) {
  INSITU_ASSIGN(Tensor bytes, Tensor::Allocate(dtype, {256}));
  for (size_t i = 0; i < 256; ++i) bytes.data()[i] = static_cast<std::byte>(i);
  return bytes;
}

// What the region gives for each byte, as bytes of the quantized type.
Result<Tensor> Tabulate(const Graph& graph, const Region& region, NodeId quantize) {
  Graph small;
  std::map<ValueId, ValueId> copies;
  std::map<ValueId, Tensor> computed;
  const auto copy = [&](ValueId id) {
    if (id == kNoValue) return kNoValue;
    const auto [entry, added] = copies.emplace(id, kNoValue);
    if (!added) return entry->second;
    const Value& value = graph.value(id);
    entry->second = small.AddValue({value.name, value.type, value.constant, {}});
    if (!value.constant) small.value(entry->second).type.shape = Shape{Dim(256)};
    if (value.constant) computed[entry->second] = *value.constant;
    return entry->second;
  };
  INSITU_ASSIGN(computed[copy(region.source())], AllBytes(graph.value(region.source()).type.dtype));
  for (NodeId id : region.InOrder()) {
    Node node = graph.node(id);
    std::vector<Tensor> inputs;
    for (ValueId& input : node.inputs) {
      input = copy(input);
      inputs.push_back(input == kNoValue ? Tensor() : computed.at(input));
    }
    const ValueId output = copy(node.outputs[0]);
    node.outputs = {output};
    const NodeId at = small.AddNode(std::move(node));
    INSITU_TRY(InferNode(small, at));
    INSITU_ASSIGN(auto outputs, EvaluateNode(small, at, inputs));
    computed[output] = std::move(outputs[0]);
  }
  return computed.at(copies.at(graph.node(quantize).outputs[0]));
}

}  // namespace

Result<bool> FuseQdqMap(Graph& graph, PassContext& context, const QuantizedOutput& match) {
  Region region(graph);
  if (!region.Grow(match.quantize)) return false;
  // A number of more axes than the source adds some.
  const ValueId result = graph.node(match.quantize).outputs[0];
  const auto rank = RankOf(graph, region.source());
  if (!rank || rank != RankOf(graph, result)) return false;
  INSITU_ASSIGN(Tensor table, Tabulate(graph, region, match.quantize));
  if (table.dims() != Dims{256} || !IsByte(table.dtype())) return false;

  // The node that gives it its name: the last one that is more than a change of quantization.
  NodeId named = match.quantize;
  for (NodeId id : region.InOrder())
    if (!graph.node(id).Is("QuantizeLinear") && !graph.node(id).Is("DequantizeLinear") &&
        !graph.node(id).Is("ByteMap", "insitu"))
      named = id;
  const std::string name = graph.node(named).name;
  const ValueId source = region.source();
  for (NodeId id : region.InOrder()) {
    if (region.IsShared(id)) continue;
    if (graph.node(id).name != name) context.NoteAbsorbed(graph.node(id), "ByteMap '" + name + "'");
    if (id != match.quantize) graph.Remove(id);
  }
  const ValueId constant = graph.AddConstant(name + "_table", std::move(table));
  std::vector<ValueId> outputs = graph.node(match.quantize).outputs;
  Node& node = graph.node(match.quantize);
  node.name = name;
  node.domain = "insitu";
  node.op = "ByteMap";
  node.attributes.clear();
  graph.Connect(match.quantize, {source, constant}, std::move(outputs));
  return true;
}

}  // namespace insitu
