// Tables of embeddings in fewer bits: what Gather picks rows from is stored as codes, and the rows
// that it picks become floats.
// Invariant: a look-up is quantized or not by itself, and a table that something else computes with
// stays; its floats are gone once no look-up or layer needs them.
#pragma once

#include <vector>

#include "base/error.h"
#include "ir/graph.h"
#include "quantize/options.h"

namespace insitu {

// The nodes that QuantizeTables would change, in order of execution.
std::vector<NodeId> LookUps(const Graph& graph, const QuantizeOptions& options);

// Gather from constants with two axes, as int8 with DequantizeLinear behind it or, for kBlocks of 4
// bits that fill the rows, as com.microsoft.GatherBlockQuantized. After layers that read the same
// constants. How many nodes were changed; shapes are inferred anew.
Result<int64_t> QuantizeTables(Graph& graph, const QuantizeOptions& options);

}  // namespace insitu
