// Cross-layer equalisation: neighbouring convolutions share the differences between their channels.
// Invariant: the graph computes what it did, to rounding.
// Source: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction,
// 2019, section 4.1.
#pragma once

#include "base/error.h"
#include "ir/graph.h"

namespace insitu {

// Where a Conv is read by one Conv alone, with nothing or a Relu between: what is positively
// homogeneous lets a factor through.
Status Equalize(Graph& graph);

}  // namespace insitu
