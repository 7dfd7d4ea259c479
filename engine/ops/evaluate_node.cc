// Prepares views and outputs for OpDef::run.
#include "ops/evaluate_node.h"

#include <algorithm>

#include "base/checked.h"
#include "base/limits.h"

namespace insitu {
namespace {

size_t LongestOf(std::span<const std::string> strings) {
  return strings.empty() ? 0 : std::ranges::max(strings, {}, &std::string::size).size();
}

size_t LongestIn(const Tensor& tensor) {
  if (tensor.dtype() == DType::kString) return LongestOf(tensor.strings());
  size_t longest = 0;
  for (const Tensor& item : tensor.items()) longest = std::max(longest, LongestIn(item));
  return longest;
}

size_t LongestIn(const Attribute& attribute) {
  if (const auto* text = std::get_if<std::string>(&attribute)) return text->size();
  if (const auto* list = std::get_if<std::vector<std::string>>(&attribute)) return LongestOf(*list);
  const auto* tensor = std::get_if<Tensor>(&attribute);
  return tensor ? LongestIn(*tensor) : 0;
}

// Strings grow when they are joined and multiply when they are repeated: `elements`, each as long
// as the longest of every input and attribute together at most. What can be no larger than that is
// refused before it is made; what became of it is counted afterwards.
Status CheckPossibleStrings(const Node& node, std::span<const Tensor> inputs, int64_t elements) {
  constexpr int64_t kPossible = int64_t{2} << 30;
  size_t longest = 0;
  for (const Tensor& input : inputs) longest += LongestIn(input);
  for (const auto& [name, attribute] : node.attributes) longest += LongestIn(attribute);
  const auto bytes = CheckedMul(elements, static_cast<int64_t>(longest));
  if (bytes && *bytes <= std::max(kPossible, CurrentLimits().max_string_bytes)) return {};
  return Fail(ErrorCode::kLimitExceeded,
              std::to_string(elements) + " strings of up to " + std::to_string(longest) +
                  " bytes exceed the limit of " + std::to_string(kPossible) + " bytes",
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
    if (dtype == DType::kString)
      INSITU_TRY(CheckPossibleStrings(node, inputs, outputs[i].elements()));
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
  for (const Tensor& output : outputs)
    if (auto status = output.CountStrings(); !status) return place(std::move(status).error());
  return outputs;
}

}  // namespace insitu
