// Topological order of nodes that come in any order, as old exporters write them.
#pragma once

#include "base/error.h"
#include "ir/graph.h"

namespace insitu {

// Reorders the live nodes so that producers come first, stably. InvalidModel naming one node of a
// cycle when there is none.
Status SortTopologically(Graph& graph);

}  // namespace insitu
