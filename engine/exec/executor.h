// Executor: runs a Plan of a Program, step by step, kernels and reference alike.
// Invariant: between two steps the run can stop (cancel flag); a failed or cancelled run leaves
// program, plan and arena usable. Without `step_ms` no clock is read.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "plan/plan.h"
#include "plan/program.h"

namespace insitu {

struct ExecuteOptions {
  const std::atomic<uint32_t>* cancel = nullptr;  // non-zero: stop with Cancelled
  // One entry per Program step, milliseconds added to; empty: not timed.
  std::span<double> step_ms;
};

class Executor {
 public:
  // `inputs` in the order of graph().inputs with the plan's extents; `outputs` likewise, allocated.
  // All have the alignment and padding of Tensor::Allocate. The plan must be the active one.
  Status Run(Program& program, const Plan& plan, std::span<const TensorView> inputs,
             std::span<TensorView> outputs, const ExecuteOptions& options);

 private:
  Status Bind(const Program& program, const Plan& plan, std::span<const TensorView> inputs,
              std::span<TensorView> outputs);
  Status RunStep(Program& program, const Plan& plan, const PlannedStep& planned);
  TensorView ViewOf(const Plan& plan, ValueId id) const;

  Buffer arena_;
  std::vector<std::byte*> addresses_;  // by ValueId, of the run under way
  std::vector<const std::byte*> kernel_inputs_;
  std::vector<std::byte*> kernel_outputs_;
};

}  // namespace insitu
