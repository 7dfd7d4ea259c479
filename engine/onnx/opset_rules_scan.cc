// Scan of opset 8, whose inputs have a batch axis in front of the scanned one: a Scan over the
// batch whose body is a Scan of today over one sample, of which states are scanned too.
// https://onnx.ai/onnx/operators/onnx__Scan.html (8)
#include "onnx/opset.h"
#include "onnx/opset_util.h"

namespace insitu {
namespace {

constexpr const char* kDirections = "scan_input_directions";  // which opset 8 does not know

Status Batched(Graph& graph, NodeId id, int64_t) {
  Node& node = graph.node(id);
  if (node.Has(kDirections)) return {};  // a sample's
  const auto formal = node.Attr("formal_inputs", static_cast<int64_t>(node.inputs.size())) - 1;
  const auto scans = node.Attr<int64_t>("num_scan_inputs", 0);
  if (formal < 1 || scans < 1 || scans > formal)
    return RuleError(node, ErrorCode::kInvalidModel, "Scan has no inputs to scan",
                     "The model was written by a faulty exporter.");
  if (node.inputs[0] != kNoValue)
    return RuleError(node, ErrorCode::kUnsupportedOp, "sequences of several lengths (opset 8)",
                     "Export the model for opset 9 or later.");
  INSITU_ASSIGN(auto directions, Take<std::vector<int64_t>>(node, "directions"));
  const std::vector<ValueId> inputs(node.inputs.begin() + 1, node.inputs.end());
  auto sample = std::make_shared<Graph>();
  Node inner{node.name, "", "Scan", {}, {}, std::move(node.attributes), false};
  inner.attributes["formal_inputs"] = formal;
  inner.attributes[kDirections] =
      std::move(directions).value_or(std::vector<int64_t>(static_cast<size_t>(scans)));
  const auto end = [&](std::string_view stem) {
    return sample->AddValue({sample->FreshName(stem), {}, std::nullopt, std::nullopt});
  };
  for (size_t i = 0; i < inputs.size(); ++i) inner.inputs.push_back(end("in"));
  for (size_t i = 0; i < node.outputs.size(); ++i) inner.outputs.push_back(end("out"));
  sample->inputs = inner.inputs;
  sample->outputs = inner.outputs;
  sample->AddNode(std::move(inner));
  node.attributes = {{"body", std::move(sample)},
                     {"formal_inputs", formal},
                     {"num_scan_inputs", formal},
                     {kDirections, std::vector<int64_t>(static_cast<size_t>(formal))}};
  graph.Connect(id, inputs, node.outputs);
  return {};
}

constexpr OpsetRule kRules[] = {{"Scan", 9, Batched}};

}  // namespace

std::span<const OpsetRule> ScanRules() { return kRules; }

}  // namespace insitu
