// ONNX file -> Graph. protobuf-lite lives in this layer and nowhere else.
// Invariant: whatever the bytes are, the outcome is a verified Graph or a typed Error in bounded
// time and memory; initializers borrow from `bytes` (no second copy of the weights).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/tensor.h"
#include "ir/graph.h"
#include "ops/unsupported.h"

namespace insitu {

// The bytes of a model file and what keeps them alive.
struct ModelBytes {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
};

struct ImportOptions {
  // Gives the bytes of an external data file named in the model (a plain relative name, checked
  // not to leave its folder), or an error. Empty: models with external data are refused.
  std::function<Result<ModelBytes>(const std::string& location)> external_data;
};

// What stands in the file, kept for errors, explain() and inspect().
struct ModelInfo {
  int64_t ir_version = 0;
  std::map<std::string, int64_t> opsets;  // by domain, "" is ai.onnx
  std::string producer;
  std::map<std::string, int64_t> op_counts;  // "Conv" or "com.microsoft.QLinearAdd" -> nodes
  int64_t parameters = 0;                    // elements of all initializers
  int64_t initializer_bytes = 0;
};

struct ImportedModel {
  Graph graph;
  ModelInfo info;
};

// InvalidModel, UnsupportedOp or UnsupportedType (all unsupported parts listed in one message),
// LimitExceeded, OutOfMemory.
Result<ImportedModel> ImportModel(const ModelBytes& model, const ImportOptions& options);

// What the file contains and what of it is not supported, without failing on the latter.
struct Inspection {
  ModelInfo info;
  std::vector<Unsupported> unsupported;
  std::vector<std::pair<std::string, ValueType>> inputs, outputs;
  std::map<std::string, std::string> metadata;
};
Result<Inspection> InspectModel(const ModelBytes& model, const ImportOptions& options);

// A value as the conformance cases store inputs and outputs: a serialized onnx.SequenceProto where
// `kind` is kSequence, an OptionalProto where it is kOptional, else a TensorProto.
Result<Tensor> ParseValueProto(std::span<const std::byte> bytes, DType kind = DType::kUndefined,
                               std::string* name = nullptr);

}  // namespace insitu
