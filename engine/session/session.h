// Session: a loaded model. load -> Program -> run, for which exec/graph_runner.h plans.
// Invariant: a failed run changes nothing that a later run sees.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/tensor.h"
#include "exec/graph_runner.h"
#include "onnx/import.h"
#include "session/runtime.h"

namespace insitu {

struct SessionOptions {
  bool reference_only = false;          // backend: 'reference'
  std::map<std::string, int64_t> dims;  // fixes symbolic dims by name
  double warm_up_ms = 0;                // a first run on zeros for so long (session/warm_up.h)
  ImportOptions import;
};

struct TensorInfo {
  std::string name;
  ValueType type;
};

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

struct SessionRunOptions {
  const std::atomic<uint32_t>* cancel = nullptr;
  std::vector<std::string> outputs;  // empty: all
};

struct ExplainRow {
  std::string node, op;
  std::string on;     // "xnnpack", "kernel", "reference", "folded"
  std::string why;    // why there, or into what it was folded
  int64_t bytes = 0;  // of packed weights
};

struct OperatorProfile {
  std::string name, op, backend;
  int64_t calls = 0;
  double total_ms = 0, share = 0;
};

class Session {
 public:
  static Result<std::unique_ptr<Session>> Load(const ModelBytes& model,
                                               const SessionOptions& options, Runtime& runtime);

  std::span<const TensorInfo> inputs() const { return inputs_; }
  std::span<const TensorInfo> outputs() const { return outputs_; }
  const std::map<std::string, std::string>& metadata() const;
  const ModelInfo& info() const { return info_; }

  // InvalidArgument for an unknown, missing or doubled name or a wrong dtype; ShapeMismatch for
  // wrong extents; OutOfMemory; Cancelled. Feeds have the padding of Tensor::Allocate. Outputs come
  // in the order of outputs() or of options.outputs.
  Result<std::vector<NamedTensor>> Run(std::span<const NamedTensor> feeds,
                                       const SessionRunOptions& options = {});
  // Runs `runs` times with a clock around every step; rows in order of execution.
  Result<std::vector<OperatorProfile>> Profile(std::span<const NamedTensor> feeds, int runs);
  // Every node of the imported model, in order: where it runs, or what absorbed it.
  std::vector<ExplainRow> Explain() const;
  size_t arena_bytes() const { return runner_.arena_bytes(); }
  size_t packed_bytes() const { return runner_.packed_bytes(); }

 private:
  Session() = default;

  ModelInfo info_;
  std::vector<TensorInfo> inputs_, outputs_;
  std::vector<std::pair<std::string, std::string>> original_nodes_;  // name, op, as imported
  std::map<std::string, std::string> absorbed_;
  GraphRunner runner_;
};

}  // namespace insitu
