// Import, the passes that keep to ONNX, and the weights of linear nodes.
#include "quantize/float_graph.h"

#include "ops/op_def.h"
#include "passes/passes.h"
#include "quantize/equalize.h"
#include "quantize/matrix_layer.h"
#include "quantize/weight_codes.h"

namespace insitu {
namespace {

Status Prepare(Graph& graph, bool wants_norms) {
  PassContext context;
  INSITU_TRY(InferShapes(graph));
  std::vector<PassFn> passes{RemoveIdentities, FoldConstants, RemoveDeadCode, FoldBatchNorm};
  if (wants_norms) passes.push_back(FuseLayerNorm);
  for (bool changed = true; changed;) {
    changed = false;
    for (PassFn pass : passes) {
      INSITU_ASSIGN(const bool did, pass(graph, context));
      if (!did) continue;
      changed = true;
      INSITU_TRY(InferShapes(graph));
    }
  }
  return {};
}

// Of one output.
int64_t ProductsOf(const Node& node, const Linear& linear) {
  const Dims& dims = linear.weights->dims();
  return node.Is("Conv") ? linear.weights->elements() / dims[0]
                         : dims[static_cast<size_t>(linear.input_axis)];
}

std::optional<Linear> MatchLinear(const Graph& graph, const Node& node) {
  Linear linear;
  if (node.inputs.size() < 2 || graph.IsConstant(node.inputs[0])) return std::nullopt;
  linear.weights = graph.Constant(node.inputs[1]);
  if (!IsWeights(graph, node.inputs[1])) return std::nullopt;
  const size_t rank = linear.weights->dims().size();
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
    linear.bias = graph.Constant(node.inputs[2]);
    if (!IsWeights(graph, node.inputs[2]) || linear.bias->dims().size() != 1) return std::nullopt;
  }
  if (node.Is("Conv") && rank >= 3) {
    linear.channel_axis = 0, linear.input_axis = 1;
    return linear;
  }
  if (node.Is("Gemm") && rank == 2 && node.Attr<float>("alpha", 1) == 1 &&
      node.Attr<float>("beta", 1) == 1 && node.Attr<int64_t>("transA", 0) == 0) {
    const bool transposed = node.Attr<int64_t>("transB", 0) != 0;
    linear.channel_axis = transposed ? 0 : 1, linear.input_axis = transposed ? 1 : 0;
    if (linear.bias &&
        linear.bias->elements() != linear.weights->dims()[static_cast<size_t>(linear.channel_axis)])
      return std::nullopt;
    return linear;
  }
  if (node.Is("MatMul") && rank >= 2) {
    linear.channel_axis = rank == 2 ? 1 : -1;
    linear.input_axis = static_cast<int64_t>(rank) - 2;
    return linear;
  }
  return std::nullopt;
}

void EraseNames(const Graph& graph, std::set<std::string>& names) {
  for (NodeId id : graph.Order()) {
    const Node& node = graph.node(id);
    names.erase(node.name);
    for (const auto& [key, value] : node.attributes)
      if (const auto* body = std::get_if<std::shared_ptr<Graph>>(&value)) EraseNames(**body, names);
  }
}

// A name that is misspelt would quantize what was to stay.
Status CheckExcluded(const Graph& graph, const std::set<std::string>& names) {
  std::set<std::string> unknown = names;
  EraseNames(graph, unknown);
  if (unknown.empty()) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "the model has no node '" + *unknown.begin() + "', which is to stay in float",
              "Names are those of the file; `report.nodes` has the ones that are quantized.");
}

Status CheckIsFloat(const Graph& graph) {
  for (NodeId id : graph.Order())
    if (const Node& node = graph.node(id); node.Is("QuantizeLinear"))
      return Fail(ErrorCode::kInvalidArgument,
                  "the model is quantized already: its node '" + node.name + "' is QuantizeLinear",
                  "Quantize the float model it was made of.");
  return {};
}

}  // namespace

Result<Graph> FloatGraph(const ModelBytes& model, const QuantizeOptions& options,
                         const ImportOptions& import) {
  INSITU_ASSIGN(ImportedModel imported, ImportModel(model, import));
  INSITU_TRY(CheckExcluded(imported.graph, options.exclude_nodes));
  if (options.to == QuantizeTo::kInt8) INSITU_TRY(CheckIsFloat(imported.graph));
  INSITU_TRY(Prepare(imported.graph, options.smooth > 0));
  if (options.equalize) INSITU_TRY(Equalize(imported.graph));
  return std::move(imported.graph);
}

std::optional<Linear> LinearOf(const Graph& graph, const Node& node) {
  const auto linear = MatchLinear(graph, node);
  if (linear && ProductsOf(node, *linear) > kMostProducts) return std::nullopt;
  return linear;
}

}  // namespace insitu
