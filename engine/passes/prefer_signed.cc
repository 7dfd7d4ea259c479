// PreferSigned: re-expresses uint8 activations as int8 (q - 128, zero point - 128), which stands
// for the same real numbers, over whole regions of quantized operators.
// Why: XNNPACK's operators with per-channel weights take int8 activations only, and on some
// processors an instruction that multiplies bytes does; symmetric weights are int8.
// A region is every uint8 value that operators with quantized operands connect. It is turned when
// one of its linear operators has weights that are int8, or uint8 with zero point 128 (those are
// turned with it). insitu.FlipSign converts where a region meets a graph input or output or an
// operator that is not listed here.
#include <algorithm>
#include <map>

#include "passes/passes.h"
#include "passes/signed_region.h"

namespace insitu {
namespace {

Result<Tensor> Flipped(const Tensor& from) {
  const DType other = from.dtype() == DType::kUint8 ? DType::kInt8 : DType::kUint8;
  INSITU_ASSIGN(Tensor to, Tensor::Allocate(other, from.dims()));
  for (size_t i = 0; i < from.size_bytes(); ++i) to.data()[i] = from.data()[i] ^ std::byte{0x80};
  return to;
}

class Turner {
 public:
  Turner(Graph& graph, const SignedRegions& regions) : graph_(graph), regions_(regions) {}

  Status Run() {
    for (NodeId id : graph_.Order()) {
      bool turned = false;
      for (const Port& port : PortsOf(graph_, graph_.node(id))) {
        if (!regions_.Turns(port.Value(graph_.node(id)))) continue;
        INSITU_TRY(TurnParameters(id, port));
        turned = true;
      }
      if (turned) INSITU_TRY(TurnWeights(id));
    }
    for (ValueId value : regions_.turned()) INSITU_TRY(TurnValue(value));
    return {};
  }

 private:
  // A constant with flipped bits in place of the one given; omitted zero points were 0.
  Result<ValueId> FlippedConstant(ValueId id) {
    if (auto it = constants_.find(id); it != constants_.end()) return it->second;
    const std::byte zero{};
    Tensor from;
    if (id == kNoValue) {
      INSITU_ASSIGN(from, Tensor::FromBytes(DType::kUint8, {}, std::span(&zero, 1)));
    } else {
      from = *graph_.Constant(id);
    }
    INSITU_ASSIGN(Tensor to, Flipped(from));
    const std::string hint = id == kNoValue ? "zero_point" : graph_.value(id).name + "_signed";
    const ValueId flipped = graph_.AddConstant(hint, std::move(to));
    constants_.emplace(id, flipped);
    return flipped;
  }

  Status FlipInput(NodeId id, size_t input) {
    std::vector<ValueId> inputs = graph_.node(id).inputs;
    if (inputs.size() <= input) inputs.resize(input + 1, kNoValue);
    INSITU_ASSIGN(inputs[input], FlippedConstant(inputs[input]));
    graph_.Connect(id, std::move(inputs), std::vector<ValueId>(graph_.node(id).outputs));
    return {};
  }

  // The table of a ByteMap for the other sign of what it reads, or of what it gives.
  Status TurnTable(NodeId id, const Port& port) {
    const Tensor& from = *graph_.Constant(graph_.node(id).inputs[1]);
    Tensor to;
    if (port.output) {
      INSITU_ASSIGN(to, Flipped(from));
    } else {
      INSITU_ASSIGN(to, Tensor::Allocate(from.dtype(), from.dims()));
      std::ranges::rotate_copy(from.bytes(), from.bytes().begin() + 128, to.data());
    }
    graph_.SetInput(id, 1, graph_.AddConstant(graph_.node(id).name + "_table", std::move(to)));
    return {};
  }

  // Zero points, clamps, bounds and tables of a node that belong to a turned value.
  Status TurnParameters(NodeId id, const Port& port) {
    if (graph_.node(id).Is("ByteMap", "insitu")) return TurnTable(id, port);
    if (port.zero_point != kNoPort) INSITU_TRY(FlipInput(id, port.zero_point));
    if (!port.output) return {};
    Node& node = graph_.node(id);
    for (std::string_view key : {"activation_min", "activation_max"})
      if (auto it = node.attributes.find(key); it != node.attributes.end())
        it->second = std::get<float>(it->second) - 128.0f;
    node.attributes.erase("output_dtype");
    if (node.Is("Clip"))
      for (size_t i = 1; i < node.inputs.size(); ++i)
        if (graph_.node(id).inputs[i] != kNoValue) INSITU_TRY(FlipInput(id, i));
    return {};
  }

  Status TurnWeights(NodeId id) {
    const auto weights = WeightsOf(graph_, graph_.node(id));
    if (!weights || !weights->turnable) return {};
    INSITU_TRY(FlipInput(id, weights->input));
    return FlipInput(id, weights->zero_point);
  }

  // Puts an int8 value beside or in place of the uint8 one and converts at the edges.
  Status TurnValue(ValueId value) {
    const bool known_producer = graph_.Producer(value) != kNoNode &&
                                HasPort(graph_, graph_.node(graph_.Producer(value)), value, true);
    std::vector<NodeId> known, others;
    for (NodeId id : graph_.Consumers(value))
      (HasPort(graph_, graph_.node(id), value, false) ? known : others).push_back(id);
    if (known_producer && others.empty() && !graph_.IsOutput(value)) {
      graph_.value(value).type.dtype = DType::kInt8;
      return {};
    }
    ValueId twin;
    if (graph_.IsConstant(value)) {
      INSITU_ASSIGN(twin, FlippedConstant(value));
    } else {
      Value copy;
      copy.name = graph_.FreshName(graph_.value(value).name + "_signed");
      copy.type = {DType::kInt8, graph_.value(value).type.shape};
      twin = graph_.AddValue(std::move(copy));
      AddFlip(value, twin, known_producer, known_producer ? others : known);
    }
    for (NodeId id : known)
      for (size_t i = 0; i < graph_.node(id).inputs.size(); ++i)
        if (graph_.node(id).inputs[i] == value) graph_.SetInput(id, i, twin);
    return {};
  }

  void AddFlip(ValueId value, ValueId twin, bool to_unsigned, const std::vector<NodeId>& readers) {
    const NodeId before = readers.empty() ? kNoNode : readers.front();
    Node flip{graph_.FreshName(graph_.value(twin).name + "_flip"),
              "insitu",
              "FlipSign",
              {},
              {},
              {},
              false};
    if (to_unsigned) {
      const NodeId producer = graph_.Producer(value);
      std::vector<ValueId> outputs = graph_.node(producer).outputs;
      for (ValueId& output : outputs)
        if (output == value) output = twin;
      graph_.Connect(producer, std::vector<ValueId>(graph_.node(producer).inputs),
                     std::move(outputs));
    }
    flip.inputs = {to_unsigned ? twin : value};
    flip.outputs = {to_unsigned ? value : twin};
    graph_.AddNode(std::move(flip), before);
  }

  Graph& graph_;
  const SignedRegions& regions_;
  std::map<ValueId, ValueId> constants_;
};

}  // namespace

Result<bool> PreferSigned(Graph& graph, PassContext& context) {
  if (!context.wants_signed_data) return false;
  const SignedRegions regions = FindSignedRegions(graph);
  if (regions.turned().empty()) return false;
  INSITU_TRY(Turner(graph, regions).Run());
  return true;
}

}  // namespace insitu
