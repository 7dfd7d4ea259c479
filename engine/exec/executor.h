// Executor: runs one stage of a Program as its Plan says, step by step, kernels and reference
// alike. Invariant: between two steps the run can stop (cancel flag); a failed or cancelled run
// leaves program, plan and arena usable. Without `step_times` and `deadline_ms` no clock is read.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "plan/plan.h"
#include "plan/program.h"

namespace insitu {

struct StepTime {
  double ms = 0;
  int64_t calls = 0;
};

struct ExecuteOptions {
  const std::atomic<uint32_t>* cancel = nullptr;  // non-zero: stop with Cancelled
  // One entry per Program step, added to; empty: not timed.
  std::span<StepTime> step_times;
  double deadline_ms = 0;  // of NowMs(): later than that, stop with Cancelled; 0: never

  // Calls `run` for a step that this asks to count, between two looks at the cancel word.
  template <class Run>
  Status Around(size_t step, Run&& run) const {
    if (cancel && cancel->load(std::memory_order_relaxed) != 0)
      return Fail(ErrorCode::kCancelled, "the run was cancelled between two operators");
    if (deadline_ms > 0 && NowMs() > deadline_ms)
      return Fail(ErrorCode::kCancelled, "the time of the run is over");
    if (step_times.empty()) return run();
    const double start = NowMs();
    Status status = run();
    step_times[step].ms += NowMs() - start;
    ++step_times[step].calls;
    return status;
  }
};

class Executor {
 public:
  // `facts` are those the plan fits; `outputs` in the order of plan.outputs(), allocated. All have
  // the alignment and padding of Tensor::Allocate. The plan must be active.
  Status Run(Program& program, const Plan& plan, std::span<const Fact> facts,
             std::span<TensorView> outputs, const ExecuteOptions& options);
  size_t arena_bytes() const { return arena_.size(); }

 private:
  Status Bind(const Program& program, const Plan& plan, std::span<const Fact> facts,
              std::span<TensorView> outputs);
  Status RunStep(Program& program, const Plan& plan, const PlannedStep& planned);
  TensorView ViewOf(const Plan& plan, ValueId id) const;

  Buffer arena_;
  std::vector<std::byte*> addresses_;  // by ValueId, of the run under way
  std::vector<const std::byte*> kernel_inputs_;
  std::vector<std::byte*> kernel_outputs_;
};

}  // namespace insitu
