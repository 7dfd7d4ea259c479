// Import, the passes that keep to ONNX, and the weights of linear nodes.
#include "quantize/float_graph.h"

#include <algorithm>

#include "ops/op_def.h"
#include "passes/passes.h"
#include "quantize/equalize.h"
#include "quantize/matrix_layer.h"
#include "quantize/plain_resize.h"
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

std::optional<Linear> MatchConv(const Graph& graph, const Node& node) {
  const ValueId bias_id = node.Input(2);
  const Tensor *weights = graph.Constant(node.inputs[1]), *bias = graph.Constant(bias_id);
  if (graph.IsConstant(node.inputs[0]) || !IsWeights(graph, node.inputs[1]) ||
      weights->dims().size() < 3)
    return std::nullopt;
  if (bias_id != kNoValue && (!IsWeights(graph, bias_id) || bias->dims().size() != 1))
    return std::nullopt;
  return Linear{weights, bias, 0, 1};
}

std::optional<Linear> MatchMatrix(const Graph& graph, const Node& node) {
  const auto layer = MatchMatrixLayer(graph, node);
  if (!layer) return std::nullopt;
  const Tensor* bias = graph.Constant(layer->addend);
  if (layer->addend != kNoValue &&
      (!IsWeights(graph, layer->addend) || bias->dims() != Dims{layer->columns}))
    return std::nullopt;
  const int64_t columns_axis = layer->transposed ? 0 : 1;
  return Linear{graph.Constant(layer->weights), bias, columns_axis, 1 - columns_axis};
}

// A matrix for each element of a batch.
std::optional<Linear> MatchBatch(const Graph& graph, const Node& node) {
  if (graph.IsConstant(node.inputs[0]) || !IsWeights(graph, node.inputs[1])) return std::nullopt;
  const Tensor* weights = graph.Constant(node.inputs[1]);
  const auto rank = static_cast<int64_t>(weights->dims().size());
  if (rank < 3) return std::nullopt;
  return Linear{weights, nullptr, -1, rank - 2};
}

std::optional<Linear> MatchLinear(const Graph& graph, const Node& node) {
  if (node.Is("Conv")) return MatchConv(graph, node);
  if (auto linear = MatchMatrix(graph, node)) return linear;
  return node.Is("MatMul") ? MatchBatch(graph, node) : std::nullopt;
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
Status CheckExcluded(const Graph& graph, const QuantizeOptions& options) {
  for (const std::string& op : options.exclude_ops)
    if (std::ranges::find(AllOps(), op, [](const OpDef* def) { return def->name; }) ==
        AllOps().end())
      return Fail(ErrorCode::kInvalidArgument,
                  "there is no operator '" + op + "', which is to stay in float",
                  "Operators are called as in ONNX, such as Conv or MatMul.");
  std::set<std::string> unknown = options.exclude_nodes;
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
  INSITU_TRY(CheckExcluded(imported.graph, options));
  if (options.to == QuantizeTo::kInt8) INSITU_TRY(CheckIsFloat(imported.graph));
  INSITU_TRY(Prepare(imported.graph, options.smooth > 0));
  INSITU_TRY(SettleResizes(imported.graph));
  if (options.equalize) INSITU_TRY(Equalize(imported.graph));
  return std::move(imported.graph);
}

std::optional<Linear> LinearOf(const Graph& graph, const Node& node) {
  const auto linear = MatchLinear(graph, node);
  const int64_t most = TakesBias(node) ? kMostProducts / 2 : kMostProducts;
  if (linear && ProductsOf(node, *linear) > most) return std::nullopt;
  return linear;
}

}  // namespace insitu
