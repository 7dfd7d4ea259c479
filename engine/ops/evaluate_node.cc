// Prepares views and outputs for OpDef::run.
#include "ops/evaluate_node.h"

namespace insitu {

Result<std::vector<Tensor>> EvaluateNode(const Graph& graph, NodeId id,
                                         std::span<const Tensor> inputs,
                                         const SubgraphRunner& run_subgraph) {
  const Node& node = graph.node(id);
  const auto place = [&](Error error) {
    return std::unexpected(std::move(error).At(node.name, node.op));
  };
  const OpDef* def = FindOp(node.op, node.domain);
  if (!def || inputs.size() != node.inputs.size())
    return place({ErrorCode::kInternal, "the node cannot be evaluated", {}, {}, {}});

  std::vector<Tensor> outputs(node.outputs.size());
  std::vector<TensorView> input_views, output_views(node.outputs.size());
  for (const Tensor& input : inputs) input_views.push_back(input.View());
  const auto allocate = [&](size_t i, DType dtype, Dims dims) -> Result<TensorView> {
    INSITU_ASSIGN(outputs[i], Tensor::Allocate(dtype, std::move(dims)));
    return outputs[i].View();
  };
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    const ValueType& type = graph.value(node.outputs[i]).type;
    const auto dims = type.shape ? KnownDims(*type.shape) : std::nullopt;
    if (!dims || !(HasBytes(type.dtype) || type.dtype == DType::kString)) continue;
    auto view = allocate(i, type.dtype, *dims);
    if (!view) return place(std::move(view).error());
    output_views[i] = *std::move(view);
  }
  RunContext context{.node = node,
                     .inputs = input_views,
                     .outputs = output_views,
                     .allocate = allocate,
                     .tensors = inputs,
                     .results = outputs,
                     .run_subgraph = run_subgraph};
  if (auto status = def->run(context); !status) return place(std::move(status).error());
  return outputs;
}

}  // namespace insitu
