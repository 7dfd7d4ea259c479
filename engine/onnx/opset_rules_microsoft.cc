// Operators of com.microsoft that are others in disguise: QuantizeLinear and DequantizeLinear are
// those of the standard, FusedConv is Conv, Add and an activation, NhwcMaxPool is MaxPool between
// two Transposes, QAttention is MatMulIntegerToFloat and MultiHeadAttention.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
#include <algorithm>

#include "onnx/opset.h"
#include "onnx/opset_util.h"

namespace insitu {
namespace {

constexpr const char* kMicrosoft = "com.microsoft";

std::unexpected<Error> Faulty(const Node& node, std::string what) {
  return RuleError(node, ErrorCode::kInvalidModel, std::move(what),
                   "The model was written by a faulty exporter.");
}

// Puts a node in front of `id`, named after it, and gives its one output.
ValueId Insert(Graph& graph, NodeId id, std::string_view op, std::vector<ValueId> inputs,
               Attributes attributes, std::string_view domain = "") {
  const ValueId output = AddIntermediate(graph, id, op);
  const std::string name = graph.node(id).name + "_" + std::string(op);
  graph.AddNode({name,
                 std::string(domain),
                 std::string(op),
                 std::move(inputs),
                 {output},
                 std::move(attributes),
                 false},
                id);
  return output;
}

Status Standard(Graph& graph, NodeId id, int64_t) {
  graph.node(id).domain.clear();
  return {};
}

// Attributes of the node that the activation becomes.
Result<Attributes> ActivationAttributes(const Node& node, const std::string& activation,
                                        const std::vector<float>& parameters) {
  constexpr std::string_view kPlain[] = {"Relu", "Tanh", "Sigmoid"};
  if (std::ranges::find(kPlain, activation) != std::end(kPlain)) return Attributes();
  if (activation == "LeakyRelu" && parameters.size() == 1)
    return Attributes{{"alpha", parameters[0]}};
  if (activation == "HardSigmoid" && parameters.size() == 2)
    return Attributes{{"alpha", parameters[0]}, {"beta", parameters[1]}};
  if (activation == "Clip" && parameters.size() == 2) return Attributes();
  return RuleError(node, ErrorCode::kUnsupportedOp,
                   "the activation '" + activation + "' with " + std::to_string(parameters.size()) +
                       " parameters is not supported",
                   "Export the model without fused operators.");
}

Status FusedConv(Graph& graph, NodeId id, int64_t) {
  Node& node = graph.node(id);
  INSITU_ASSIGN(const auto activation, Take<std::string>(node, "activation"));
  INSITU_ASSIGN(const auto parameters, Take<std::vector<float>>(node, "activation_params"));
  if (node.inputs.size() < 2 || node.inputs.size() > 4 || node.outputs.size() != 1)
    return Faulty(node, "FusedConv takes 2 to 4 inputs and gives one output");
  const ValueId add = node.Input(3);
  std::vector<ValueId> inputs = node.inputs;
  inputs.resize(std::min<size_t>(inputs.size(), 3));
  if (inputs.back() == kNoValue) inputs.pop_back();
  node.domain.clear();
  node.op = "Conv";
  if (add == kNoValue && !activation) {
    graph.Connect(id, std::move(inputs), node.outputs);
    return {};
  }
  Attributes last;
  if (activation) {
    INSITU_ASSIGN(
        last, ActivationAttributes(node, *activation, parameters.value_or(std::vector<float>())));
  }
  ValueId value = Insert(graph, id, "Conv", std::move(inputs), std::move(node.attributes));
  inputs = {value};
  node.op = activation.value_or("Add");
  if (add != kNoValue && activation) value = Insert(graph, id, "Add", {value, add}, {});
  inputs = {value};
  if (add != kNoValue && !activation) inputs.push_back(add);
  node.attributes = std::move(last);
  graph.Connect(id, std::move(inputs), node.outputs);
  if (activation != "Clip") return {};
  for (size_t i : {0u, 1u}) {
    INSITU_ASSIGN(const ValueId bound,
                  ScalarLikeInput(graph, id, i ? "max" : "min", (*parameters)[i]));
    INSITU_TRY(AddInput(graph, id, i + 1, bound));
  }
  return {};
}

Status NhwcMaxPool(Graph& graph, NodeId id, int64_t) {
  Node& node = graph.node(id);
  const auto kernel = node.Attr<std::vector<int64_t>>("kernel_shape", {});
  if (kernel.empty() || kernel.size() > 3 || node.inputs.size() != 1 || node.outputs.size() != 1)
    return Faulty(node, "NhwcMaxPool takes one input and a kernel_shape of 1 to 3 axes");
  const auto last = static_cast<int64_t>(kernel.size()) + 1;
  std::vector<int64_t> to_channels_first = {0, last}, back = {0};
  for (int64_t axis = 1; axis < last; ++axis) {
    to_channels_first.push_back(axis);
    back.push_back(axis + 1);
  }
  back.push_back(1);
  const ValueId x =
      Insert(graph, id, "Transpose", {node.inputs[0]}, {{"perm", std::move(to_channels_first)}});
  const ValueId y = Insert(graph, id, "MaxPool", {x}, std::move(node.attributes));
  node.domain.clear();
  node.op = "Transpose";
  node.attributes = {{"perm", std::move(back)}};
  graph.Connect(id, {y}, node.outputs);
  return {};
}

// Output `i` of QAttention's past [2, batch, heads, rows, size].
Result<ValueId> PastPart(Graph& graph, NodeId id, const std::vector<ValueId>& parts, size_t i) {
  INSITU_ASSIGN(const ValueId axes, IntegersConstant(graph, id, "axes", {0}));
  return Insert(graph, id, "Squeeze", {parts[i], axes}, {});
}

// A Split into equal parts in front of `id`.
std::vector<ValueId> InsertSplit(Graph& graph, NodeId id, ValueId input, int64_t axis,
                                 int64_t count, std::string_view what) {
  std::vector<ValueId> parts;
  for (int64_t i = 0; i < count; ++i) parts.push_back(AddIntermediate(graph, id, what));
  graph.AddNode({graph.node(id).name + "_" + std::string(what),
                 "",
                 "Split",
                 {input},
                 parts,
                 {{"axis", axis}, {"num_outputs", count}},
                 false},
                id);
  return parts;
}

// Inputs: input, weight, bias, input_scale, weight_scale, mask_index, input_zero_point,
// weight_zero_point, past.
Status QAttention(Graph& graph, NodeId id, int64_t) {
  for (const char* name : {"do_rotary", "past_present_share_buffer"}) {
    INSITU_ASSIGN(const auto flag, Take<int64_t>(graph.node(id), name));
    if (flag.value_or(0) != 0)
      return RuleError(graph.node(id), ErrorCode::kUnsupportedOp,
                       "QAttention with " + std::string(name) + " is not supported",
                       "Export the model without a shared cache.");
  }
  const Node node = graph.node(id);
  if (node.inputs.size() < 5 || node.inputs.size() > 9 || node.outputs.empty())
    return Faulty(node, "QAttention takes 5 to 9 inputs");
  const ValueId projected = Insert(graph, id, "MatMulIntegerToFloat",
                                   {node.inputs[0], node.inputs[1], node.inputs[3], node.inputs[4],
                                    node.Input(6), node.Input(7), node.inputs[2]},
                                   {}, kMicrosoft);
  const std::vector<ValueId> qkv = InsertSplit(graph, id, projected, 2, 3, "projections");
  std::vector<ValueId> inputs = {qkv[0], qkv[1], qkv[2], kNoValue, node.Input(5)};
  if (const ValueId past = node.Input(8); past != kNoValue) {
    const std::vector<ValueId> parts = InsertSplit(graph, id, past, 0, 2, "past");
    INSITU_ASSIGN(const ValueId key, PastPart(graph, id, parts, 0));
    INSITU_ASSIGN(const ValueId value, PastPart(graph, id, parts, 1));
    inputs.insert(inputs.end(), {kNoValue, key, value});
  }
  while (inputs.back() == kNoValue) inputs.pop_back();
  if (node.outputs.size() < 2 || node.outputs[1] == kNoValue) {
    graph.node(id).op = "MultiHeadAttention";
    graph.Connect(id, std::move(inputs), {node.outputs[0]});
    return {};
  }
  // The present is both caches, joined along a new first axis; `id` becomes that Concat.
  const ValueId key = AddIntermediate(graph, id, "key"),
                value = AddIntermediate(graph, id, "value");
  graph.Connect(id, {}, {});
  graph.AddNode({node.name,
                 kMicrosoft,
                 "MultiHeadAttention",
                 std::move(inputs),
                 {node.outputs[0], key, value},
                 node.attributes,
                 false},
                id);
  INSITU_ASSIGN(const ValueId axes, IntegersConstant(graph, id, "axes", {0}));
  const ValueId keys = Insert(graph, id, "Unsqueeze", {key, axes}, {});
  const ValueId values = Insert(graph, id, "Unsqueeze", {value, axes}, {});
  Node& join = graph.node(id);
  join.name = node.name + "_present";
  join.domain.clear();
  join.op = "Concat";
  join.attributes = {{"axis", int64_t{0}}};
  graph.Connect(id, {keys, values}, {node.outputs[1]});
  return {};
}

constexpr OpsetRule kRules[] = {
    {"QuantizeLinear", kAlways, Standard}, {"DequantizeLinear", kAlways, Standard},
    {"FusedConv", kAlways, FusedConv},     {"NhwcMaxPool", kAlways, NhwcMaxPool},
    {"QAttention", kAlways, QAttention},
};

}  // namespace

std::span<const OpsetRule> MicrosoftRules() { return kRules; }

}  // namespace insitu
