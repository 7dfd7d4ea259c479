// Verify: the structural invariants of a Graph, checked after import and, in tests, after each
// pass.
#pragma once

#include "base/error.h"
#include "ir/graph.h"

namespace insitu {

// InvalidModel naming the node or value when: an index is out of range, a value has two producers,
// a node reads what no earlier node, input or constant provides (a cycle shows up here), a graph
// output has no source, or a live value's name is used twice.
Status Verify(const Graph& graph);

}  // namespace insitu
