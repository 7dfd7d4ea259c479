// Parsed messages -> Graph, before opset normalisation.
// Invariant: every name resolves to exactly one value with at most one source; nodes are in
// topological order when Build returns.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "onnx/external_data.h"
#include "onnx/import.h"
#include "onnx/wire.h"

namespace insitu {

class GraphBuilder {
 public:
  GraphBuilder(WireModel& wire, const ModelBytes& bytes, const ImportOptions& options)
      : wire_(wire), bytes_(bytes), external_(options) {}

  // Initializers are released from the messages as they are converted.
  Result<Graph> Build();

 private:
  Status AddInitializers();
  Status AddInputs();
  Status AddNodes();
  Status AddOutputs();
  Result<ValueId> Define(const std::string& name, const std::string& what);
  std::string NodeName(const onnx::NodeProto& node, int index);
  Result<Attributes> ConvertAttributes(const onnx::NodeProto& node);
  Result<std::vector<ValueId>> NodeOutputs(const onnx::NodeProto& node);
  Result<std::vector<ValueId>> NodeInputs(const onnx::NodeProto& node) const;

  WireModel& wire_;
  const ModelBytes& bytes_;
  ExternalData external_;
  Graph graph_;
  std::unordered_map<std::string, ValueId> values_;
  std::unordered_set<std::string> node_names_;
};

}  // namespace insitu
