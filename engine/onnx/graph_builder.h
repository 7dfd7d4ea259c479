// Parsed messages -> Graph, before opset normalisation.
// Invariant: every name resolves to exactly one value with at most one source; nodes are in
// topological order when Build returns.
// Subgraphs close over nothing: what one captures from the graph around it becomes an input of the
// node behind those of its operator (attribute `formal_inputs` counts these), and of all subgraphs
// of that node, in the same order. A captured constant is a constant of the subgraph instead.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "onnx/external_data.h"
#include "onnx/import.h"
#include "onnx/wire.h"

namespace insitu {

class GraphBuilder {
 public:
  GraphBuilder(const onnx::GraphProto& proto, ExternalData& external, GraphBuilder* outer = nullptr)
      : proto_(proto), external_(external), outer_(outer) {}

  // A constant for each tensor, which is released. `owner` keeps their raw bytes alive.
  Status AddInitializers(std::vector<WireTensor>& tensors,
                         const std::shared_ptr<const void>& owner);
  Result<Graph> Build();

 private:
  struct Capture {
    std::string name;
    ValueId inner;  // the input of this graph
  };

  Status AddInputs();
  Status AddNodes();
  Status AddOutputs();
  Result<ValueId> Define(const std::string& name, const std::string& what);
  Status AddConstant(const std::string& name, Tensor tensor);
  // The value of that name here or in a graph around, captured; kNoValue where there is none.
  ValueId Find(const std::string& name);
  // Builds the subgraphs of a node and appends what they capture to its inputs.
  Status AddSubgraphs(const onnx::NodeProto& proto, Node& node);
  std::string NodeName(const onnx::NodeProto& node, int index);
  Result<Attributes> ConvertAttributes(const onnx::NodeProto& node);
  Result<std::vector<ValueId>> NodeOutputs(const onnx::NodeProto& node);
  Result<std::vector<ValueId>> NodeInputs(const onnx::NodeProto& node);

  const onnx::GraphProto& proto_;
  ExternalData& external_;
  GraphBuilder* outer_;
  Graph graph_;
  std::vector<Capture> captures_;
  std::unordered_map<std::string, ValueId> values_;
  std::unordered_set<std::string> node_names_;
};

}  // namespace insitu
