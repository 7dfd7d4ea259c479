// Folds an addition of constants into the linear operator in front of it: Conv + Add(per channel)
// and Gemm or MatMul of matrices + Add(per column) get a bias, and so do their integer forms.
// Why: kernels add a bias for nothing; exporters from frameworks without biases write the Add.
#include "ops/elements.h"
#include "ops/op_def.h"
#include "passes/fold_util.h"
#include "passes/passes.h"

namespace insitu {
namespace {

bool HasActivation(const Node& node) {
  return node.Has("activation_min") || node.Has("activation_max");
}

bool IsIntegerToFloat(const Node& node) {
  return node.Is("ConvIntegerToFloat", "insitu") ||
         node.Is("MatMulIntegerToFloat", "com.microsoft");
}

// The index of the bias among the inputs.
size_t BiasInput(const Node& node) { return IsIntegerToFloat(node) ? 6 : 2; }

// How many output channels a linear node with constant weights has; 0 when it cannot take a bias.
// A MatMul becomes a Gemm, which only takes matrices.
int64_t OutputChannels(const Graph& graph, const Node& node) {
  if (HasActivation(node) || node.Has("channels_last")) return 0;
  if (IsIntegerToFloat(node)) {
    const Tensor* weights = graph.Constant(node.inputs[1]);
    const size_t axis = node.op == "ConvIntegerToFloat" ? 0 : 1;
    return weights && weights->dims().size() >= 2 ? weights->dims()[axis] : 0;
  }
  const bool conv = node.Is("Conv"), gemm = node.Is("Gemm"), product = node.Is("MatMul");
  if (!conv && !gemm && !product) return 0;
  const Tensor* weights = graph.Constant(node.inputs[1]);
  if (!weights || weights->dims().size() < 2 || !IsFloat(weights->dtype())) return 0;
  if (conv) return weights->dims()[0];
  if (weights->dims().size() != 2 || RankOf(graph, node.inputs[0]) != size_t{2}) return 0;
  if (gemm && (node.Attr<float>("alpha", 1) != 1 || node.Attr<float>("beta", 1) != 1)) return 0;
  return weights->dims()[gemm && node.Attr<int64_t>("transB", 0) != 0 ? 0 : 1];
}

// The bias the node has, zeros where it has none; nullopt when it is not one constant per channel.
std::optional<std::vector<double>> BiasOf(const Graph& graph, const Node& node, int64_t channels) {
  const size_t input = BiasInput(node);
  if (node.inputs.size() <= input || node.inputs[input] == kNoValue)
    return std::vector<double>(static_cast<size_t>(channels));
  const Tensor* bias = graph.Constant(node.inputs[input]);
  return bias ? PerChannel(*bias, 2, channels) : std::nullopt;
}

// For `add`, which of its inputs is the constant; 2 when none or both are.
size_t ConstantSide(const Graph& graph, const Node& add) {
  const bool left = graph.IsConstant(add.inputs[0]), right = graph.IsConstant(add.inputs[1]);
  return left == right ? 2 : left ? 0 : 1;
}

// What is added to each channel, along the last axis of a product and axis 1 of a convolution.
std::optional<std::vector<double>> AddendOf(const Node& linear, const Tensor& constant, size_t rank,
                                            int64_t channels) {
  if (!linear.Is("MatMulIntegerToFloat", "com.microsoft"))
    return PerChannel(constant, rank, channels);
  const Dims& dims = constant.dims();
  const bool fits = dims.size() <= rank && (constant.elements() == 1 || dims.back() == channels);
  return fits ? PerChannel(constant.Reshaped({constant.elements()}), 2, channels) : std::nullopt;
}

Result<bool> Fuse(Graph& graph, NodeId add_id, PassContext& context) {
  const Node& add = graph.node(add_id);
  if (!add.Is("Add")) return false;
  const size_t side = ConstantSide(graph, add);
  if (side == 2) return false;
  const ValueId product = add.inputs[1 - side];
  const NodeId id = graph.Producer(product);
  if (id == kNoNode || OnlyConsumer(graph, product) == kNoNode) return false;
  const Node& linear = graph.node(id);
  const int64_t channels = OutputChannels(graph, linear);
  const size_t rank = RankOf(graph, product).value_or(0);
  if (channels == 0 || rank < 2 || rank != RankOf(graph, add.outputs[0])) return false;
  const auto extra = AddendOf(linear, *graph.Constant(add.inputs[side]), rank, channels);
  auto bias = BiasOf(graph, linear, channels);
  if (!extra || !bias) return false;
  for (size_t c = 0; c < bias->size(); ++c) (*bias)[c] += (*extra)[c];

  INSITU_ASSIGN(Tensor tensor, VectorOf(graph.value(product).type.dtype, *bias));
  std::vector<ValueId> inputs = linear.inputs;
  inputs.resize(BiasInput(linear) + 1, kNoValue);
  inputs.back() = graph.AddConstant(linear.name + "_bias", std::move(tensor));
  graph.Connect(id, std::move(inputs), linear.outputs);
  Node& fused = graph.node(id);
  if (fused.op == "MatMul") fused.op = "Gemm";
  for (const auto& [key, value] : add.attributes) fused.attributes.insert_or_assign(key, value);
  context.NoteAbsorbed(add, "the bias of '" + fused.name + "'");
  const ValueId sum = add.outputs[0];
  graph.ReplaceUses(sum, product);
  graph.Remove(add_id);
  return true;
}

}  // namespace

Result<bool> FuseBias(Graph& graph, PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.Order()) {
    INSITU_ASSIGN(const bool fused, Fuse(graph, id, context));
    changed = changed || fused;
  }
  return changed;
}

}  // namespace insitu
