// GraphRunner: runs a Program on tensors, stage by stage, and keeps the plans of extents it has
// met. Invariant: a failed run changes nothing that a later run sees; a value lives as long as a
// later step or the caller needs it.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/tensor.h"
#include "exec/executor.h"
#include "plan/plan.h"
#include "plan/program.h"

namespace insitu {

class GraphRunner {
 public:
  GraphRunner() = default;
  explicit GraphRunner(Program program);

  // Plans ahead for inputs of these extents, as far as those alone tell.
  Status Prepare(std::span<const Dims> input_dims);
  // `inputs` in the order of graph().inputs, outputs in the order of graph().outputs; outputs share
  // no memory with inputs. ShapeMismatch, LimitExceeded, OutOfMemory, Cancelled, or what a kernel
  // says of the data.
  Result<std::vector<Tensor>> Run(std::span<const Tensor> inputs, const ExecuteOptions& options);

  const Program& program() const { return program_; }
  size_t arena_bytes() const { return executor_.arena_bytes(); }
  // Of the program and the bodies in it.
  size_t packed_bytes() const;
  // Plans kept at the moment, over all stages.
  size_t plan_count() const;

 private:
  using Live = std::map<ValueId, Tensor>;

  // `planned_values` is shared with the runner of the graph around.
  GraphRunner(Program program, std::shared_ptr<size_t> planned_values);

  // Room for one more plan, for which others make way. LimitExceeded.
  Status MakeRoom(const std::list<Plan>& wanted);
  void Forget(std::list<Plan>& plans);
  void Keep(std::list<Plan>& plans, Plan plan);
  // The plan of the stage from `first` on, active.
  Result<const Plan*> PlanFor(size_t first, std::span<const Fact> facts);
  Status RunStage(const Plan& plan, std::span<const Fact> facts, const ExecuteOptions& options,
                  Live& live);
  // One step whose outputs' extents its data decide.
  Status RunAlone(size_t step, const ExecuteOptions& options, Live& live);
  // Where a body of this step runs.
  SubgraphRunner BodyRunner(size_t step, const ExecuteOptions& options);
  Result<std::vector<Tensor>> Outputs(std::span<const Tensor> inputs, const Live& live) const;

  Program program_;
  std::map<const Graph*, GraphRunner> bodies_;
  std::map<size_t, std::list<Plan>> plans_;  // by first step, most recently used first
  std::shared_ptr<size_t> planned_values_;   // in the plans of this runner and of all around it
  Executor executor_;
};

}  // namespace insitu
