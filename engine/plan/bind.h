// Binding: a program's graph with the extents of one set of inputs, every shape a number.
#pragma once

#include <span>

#include "base/error.h"
#include "base/tensor.h"
#include "ir/graph.h"

namespace insitu {

// A copy of `graph` (sharing constants) whose inputs have `input_dims` and whose shapes have been
// inferred from them. ShapeMismatch naming the input when the dims contradict its declared shape
// or when one symbol would have two values.
Result<Graph> BindInputDims(const Graph& graph, std::span<const Dims> input_dims);

}  // namespace insitu
