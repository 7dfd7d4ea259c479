// Applying the rules, and inferring types on the way where old operators need them.
#include "onnx/opset.h"

#include <algorithm>

#include "ops/control_flow.h"
#include "ops/op_def.h"

namespace insitu {
namespace {

// Below this opset some rules depend on element types or ranks of inputs.
constexpr int64_t kTypesNeededBefore = 13;

constexpr std::string_view kMicrosoft = "com.microsoft";

struct Retired {
  std::string_view op, now;
  std::string_view domain = "", new_domain = "";
};
constexpr Retired kRetired[] = {
    {"Dropout", "Identity"},
    {"Scatter", "ScatterElements"},
    {"Upsample", "Resize"},
    {"QuantizeLinear", "QuantizeLinear", kMicrosoft},
    {"DequantizeLinear", "DequantizeLinear", kMicrosoft},
    {"FusedConv", "Conv", kMicrosoft},
    {"NhwcMaxPool", "MaxPool", kMicrosoft},
    {"QAttention", "MultiHeadAttention", kMicrosoft, kMicrosoft},
};

Status Apply(std::span<const OpsetRule> rules, Graph& graph, NodeId id, int64_t opset) {
  for (const OpsetRule& rule : rules) {
    const Node& node = graph.node(id);
    if (node.dead || rule.op != node.op || opset >= rule.before) continue;
    if (auto status = rule.rewrite(graph, id, opset); !status)
      return std::unexpected(std::move(status).error().At(node.name, node.op));
  }
  return {};
}

}  // namespace

bool IsImportable(std::string_view op, std::string_view domain) {
  if (FindOp(op, domain)) return true;
  if (op == "Constant" && domain.empty()) return true;
  return std::ranges::any_of(kRetired, [&](const Retired& retired) {
    return retired.op == op && retired.domain == domain && FindOp(retired.now, retired.new_domain);
  });
}

Status NormalizeOpset(Graph& graph, int64_t opset) {
  // A failure here is not the place to report it: it comes again from InferShapes.
  InferenceBudget budget;
  const auto infer = [&](NodeId id) {
    const Node& node = graph.node(id);
    if (!node.dead && FindOp(node.op, node.domain)) (void)InferNode(graph, id, budget);
  };
  for (NodeId id : graph.Order()) {
    const Node& node = graph.node(id);
    if (node.domain.empty()) INSITU_TRY(Apply(ScanRules(), graph, id, opset));
    if (const auto bodies = Bodies(node); !bodies.empty()) {
      TypeBodyInputs(graph, node);
      for (const auto& body : bodies) INSITU_TRY(NormalizeOpset(*body, opset));
    }
    const auto first_added = static_cast<NodeId>(graph.node_count());
    if (graph.node(id).domain.empty()) {
      for (auto rules : {SixRules(), RetiredRules(), ResizeRules(), SoftmaxRules(), InputRules()})
        INSITU_TRY(Apply(rules, graph, id, opset));
    } else if (graph.node(id).domain == kMicrosoft) {
      INSITU_TRY(Apply(MicrosoftRules(), graph, id, opset));
    }
    if (opset >= kTypesNeededBefore) continue;
    for (auto added = first_added; added < static_cast<NodeId>(graph.node_count()); ++added)
      infer(added);
    infer(id);
  }
  return {};
}

}  // namespace insitu
