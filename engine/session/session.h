// Session: a loaded model. load -> Program -> run, for which exec/graph_runner.h plans.
// Invariant: a failed run changes nothing that a later run sees.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/tensor.h"
#include "exec/graph_runner.h"
#include "onnx/import.h"
#include "session/runtime.h"

namespace insitu {

enum class LoadPhase : uint8_t { kPlan, kWarmUp };

struct SessionOptions {
  bool reference_only = false;          // backend: 'reference'
  std::set<std::string> without = {};   // of Runtime::Switches()
  std::map<std::string, int64_t> dims;  // fixes symbolic dims by name
  double warm_up_ms = 0;                // a first run on zeros for so long (session/warm_up.h)
  bool keep = false;                    // Session::TakeKept is wanted
  std::function<void(LoadPhase)> on_phase = {};  // called when one begins, if set
  ImportOptions import;
};

struct TensorInfo {
  std::string name;
  ValueType type;

  void Transfer(Archive& archive) { archive(name, type); }
};

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

struct SessionRunOptions {
  const std::atomic<uint32_t>* cancel = nullptr;
  std::vector<std::string> outputs;  // empty: all
  bool time_steps = false;           // puts a clock around every step, for Sampled()
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

  // From an archive that TakeKept() gave, of a runtime with the same traits. Of `options` the way
  // to run counts; what the model was loaded with is part of the archive. Nothing is computed or
  // copied: weights stay where `archive` has them. InvalidModel, OutOfMemory.
  static Result<std::unique_ptr<Session>> Restore(const ModelBytes& archive,
                                                  const SessionOptions& options, Runtime& runtime);
  // What Restore makes this session of, to be written out while the session lives; nullptr unless
  // it was loaded to be kept, or when asked again.
  std::unique_ptr<Archive> TakeKept() { return std::move(kept_); }

  std::span<const TensorInfo> inputs() const { return inputs_; }
  std::span<const TensorInfo> outputs() const { return outputs_; }
  const std::map<std::string, std::string>& metadata() const;

  // InvalidArgument for an unknown, missing or doubled name or a wrong dtype; ShapeMismatch for
  // wrong extents; OutOfMemory; Cancelled. Feeds have the padding of Tensor::Allocate. Outputs come
  // in the order of outputs() or of options.outputs.
  Result<std::vector<NamedTensor>> Run(std::span<const NamedTensor> feeds,
                                       const SessionRunOptions& options = {});
  // Runs `runs` times with a clock around every step; rows in order of execution.
  Result<std::vector<OperatorProfile>> Profile(std::span<const NamedTensor> feeds, int runs);
  // As Profile, of all runs with time_steps.
  std::vector<OperatorProfile> Sampled() const { return Rows(sampled_); }
  void ForgetSampled() { sampled_.clear(); }
  // Every node of the imported model, in order: where it runs, or what absorbed it.
  std::vector<ExplainRow> Explain() const;
  size_t arena_bytes() const { return runner_.arena_bytes(); }
  size_t packed_bytes() const { return runner_.packed_bytes(); }

 private:
  Session() = default;
  // Plans ahead for inputs of known extents, and runs once.
  Status Prepare(const SessionOptions& options);
  std::vector<OperatorProfile> Rows(std::span<const StepTime> times) const;
  // What explain() and metadata tell of the model beyond the program.
  void Transfer(Archive& archive) { archive(inputs_, outputs_, original_nodes_, absorbed_); }

  std::vector<TensorInfo> inputs_, outputs_;
  std::vector<std::pair<std::string, std::string>> original_nodes_;  // name, op, as imported
  std::map<std::string, std::string> absorbed_;
  GraphRunner runner_;
  std::vector<StepTime> sampled_;  // by step; empty before a run is timed
  std::unique_ptr<Archive> kept_;
};

}  // namespace insitu
