// Plan: a stage of a Program bound to the extents of the values it starts from: the extents of
// everything it makes, which of its steps run, and where each value lives in one arena.
// A program whose extents all follow from its inputs' has one stage. Else a stage ends in front of
// the first step whose extents depend on what earlier steps compute.
// Invariant: two values share bytes only if their lifetimes do not overlap or one aliases the
// other by design (Step.alias, Step.in_place). Offsets are 64-byte aligned with Buffer's padding.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/tensor.h"
#include "plan/bind.h"
#include "plan/program.h"

namespace insitu {

enum class Placement : uint8_t { kNone, kInput, kOutput, kConstant, kArena };

struct PlannedValue {
  DType dtype = DType::kUndefined;
  Dims dims;
  Placement placement = Placement::kNone;
  uint64_t offset = 0;  // kArena: bytes from its start; kOutput: index into Plan.outputs()
  Tensor constant;      // kConstant, also integers that the extents alone determine
};

struct PlannedStep {
  size_t step = 0;  // index into Program.steps()
  uint64_t scratch_bytes = 0;
};

class Plan {
 public:
  // Plans from step `first` on for these facts, which are all values that are live there. An empty
  // stage (end() == first): the extents of step `first` depend on its data. ShapeMismatch when the
  // facts contradict the model; LimitExceeded.
  static Result<Plan> Build(Program& program, size_t first, std::span<const Fact> facts);
  // Whether the plan was made for facts like these, in the same order.
  bool Fits(std::span<const Fact> facts) const;
  // Gives the program's kernels the extents of this plan, where they have others.
  Status Activate(Program& program);

  size_t first() const { return first_; }
  // One past the last step of the stage.
  size_t end() const { return end_; }
  std::span<const PlannedValue> values() const { return values_; }
  std::span<const PlannedStep> steps() const { return steps_; }
  // What later stages or the caller need of what this stage makes.
  std::span<const ValueId> outputs() const { return outputs_; }
  size_t arena_bytes() const { return arena_bytes_; }
  size_t scratch_offset() const { return scratch_offset_; }

 private:
  // What a fact must be for the plan to serve it.
  struct Premise {
    ValueId id;
    Dims dims;
    std::optional<std::vector<Dim>> elements;
  };

  Status ShapeKernel(Program& program, PlannedStep& planned);

  uint64_t id_ = 0;
  size_t first_ = 0, end_ = 0;
  std::vector<Premise> premises_;
  std::vector<ValueId> outputs_;
  std::vector<PlannedValue> values_;  // by ValueId
  std::vector<PlannedStep> steps_;
  size_t arena_bytes_ = 0;
  size_t scratch_offset_ = 0;
};

}  // namespace insitu
