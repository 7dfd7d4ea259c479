// Prepares views and outputs for OpDef::run.
#include "ops/evaluate_node.h"

#include <algorithm>

#include "base/checked.h"
#include "base/limits.h"

namespace insitu {
namespace {

// Strings grow when they are joined and multiply when they are repeated: at most `elements` as long
// as the longest of every input together.
Status CheckStringBytes(std::span<const Tensor> inputs, int64_t elements) {
  size_t longest = 0;
  for (const Tensor& input : inputs)
    if (input.dtype() == DType::kString && input.elements() > 0)
      longest += std::ranges::max(input.strings(), {}, &std::string::size).size();
  const auto bytes = CheckedMul(elements, static_cast<int64_t>(longest));
  if (bytes && *bytes <= CurrentLimits().max_string_bytes) return {};
  return Fail(ErrorCode::kLimitExceeded,
              std::to_string(elements) + " strings of up to " + std::to_string(longest) +
                  " bytes exceed the limit of " + std::to_string(CurrentLimits().max_string_bytes),
              "Use shorter strings or a smaller batch.");
}

}  // namespace

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
    if (dtype == DType::kString) INSITU_TRY(CheckStringBytes(inputs, outputs[i].elements()));
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
