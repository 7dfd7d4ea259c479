// SmoothQuant: layer normalisation hands outliers of its channels on to the weights that read them.
// Invariant: the graph computes what it did, to rounding.
// Source: Xiao et al., SmoothQuant: Accurate and Efficient Post-Training Quantization for Large
// Language Models, 2022, equation 4.
#pragma once

#include <map>
#include <vector>

#include "base/error.h"
#include "ir/graph.h"
#include "quantize/ranges.h"

namespace insitu {

using ChannelRanges = std::map<ValueId, std::vector<Range>>;  // along the last axis

// The outputs of LayerNormalization that linear layers alone read.
std::vector<ValueId> Smoothable(const Graph& graph);
// Divides each channel by max|x|^strength / max|w|^(1 - strength). Gives the factors by value.
Result<std::map<ValueId, std::vector<double>>> Smooth(Graph& graph, const ChannelRanges& seen,
                                                      double strength);

}  // namespace insitu
