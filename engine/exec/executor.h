// Executor: runs a Plan of a Program, step by step, kernels and reference alike.
// Invariant: between two steps the run can stop (cancel flag); a failed or cancelled run leaves
// program, plan and arena usable.
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
  // One entry per Program step, milliseconds added to; empty: the loop without clocks is used.
  std::span<double> step_ms;
};

class Executor {
 public:
  // `inputs` in the order of graph().inputs with the plan's extents; `outputs` likewise, allocated.
  // All are aligned and padded as Tensor::Allocate makes them.
  Status Run(Program& program, const Plan& plan, std::span<const TensorView> inputs,
             std::span<TensorView> outputs, const ExecuteOptions& options);

 private:
  Buffer arena_;
};

}  // namespace insitu
