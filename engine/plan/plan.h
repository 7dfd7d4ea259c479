// Plan: a Program bound to one set of input extents: the extents of every value, which steps run,
// and where each value lives in one arena.
// Invariant: two values share bytes only if their lifetimes do not overlap or one aliases the
// other by design (Step.alias, Step.in_place). Offsets are 64-byte aligned with Buffer's padding.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/tensor.h"
#include "plan/program.h"

namespace insitu {

enum class Placement : uint8_t { kNone, kInput, kOutput, kConstant, kArena };

struct PlannedValue {
  DType dtype = DType::kUndefined;
  Dims dims;
  Placement placement = Placement::kNone;
  size_t offset = 0;   // kArena: bytes from its start; kOutput: index of the graph output
  Tensor constant;     // kConstant, also integers that the extents alone determine
};

struct PlannedStep {
  size_t step = 0;  // index into Program.steps()
  size_t scratch_bytes = 0;
};

class Plan {
 public:
  // `input_dims` in the order of graph().inputs. ShapeMismatch when they contradict the model;
  // UnsupportedOp when an extent depends on data. Reshapes the program's kernels, which makes this
  // the active plan.
  static Result<Plan> Build(Program& program, std::span<const Dims> input_dims);
  // Makes this plan the active one again, as Build left it. After a failure of either, none is.
  Status Activate(Program& program);

  std::span<const PlannedValue> values() const { return values_; }
  std::span<const PlannedStep> steps() const { return steps_; }
  std::span<const Dims> input_dims() const { return input_dims_; }
  size_t arena_bytes() const { return arena_bytes_; }
  size_t scratch_offset() const { return scratch_offset_; }

 private:
  Status ReshapeKernels(Program& program);

  std::vector<PlannedValue> values_;  // by ValueId
  std::vector<PlannedStep> steps_;
  std::vector<Dims> input_dims_;
  size_t arena_bytes_ = 0;
  size_t scratch_offset_ = 0;
};

}  // namespace insitu
