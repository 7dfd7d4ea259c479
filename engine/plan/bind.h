// Binding: a program's graph with the extents that are known when a stage of a run begins, every
// shape that follows from them a number.
#pragma once

#include <set>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/tensor.h"
#include "plan/program.h"

namespace insitu {

// A value that exists when a stage begins. `view.data` may be nullptr where only extents are known.
struct Fact {
  ValueId id = kNoValue;
  TensorView view;
};

struct Binding {
  Graph graph;     // shares its constants with the program's
  size_t end = 0;  // the first step from the stage's beginning whose outputs are not all known
  std::set<ValueId> with_elements;  // the facts whose elements extents depend on
};

// Infers from `facts`, and from the elements of as few of them as extents depend on, what the steps
// from `first` on make. ShapeMismatch naming the graph input when its dims contradict its declared
// shape or when one symbol would have two values; what inference reports.
Result<Binding> BindStage(const Program& program, size_t first, std::span<const Fact> facts);

}  // namespace insitu
