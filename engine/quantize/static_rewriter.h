// Rewrites a float graph for 8-bit activations: QuantizeLinear and DequantizeLinear around what is
// chosen, weights as int8 and biases as int32 behind DequantizeLinear.
// Invariant: every value has one scale; the nodes themselves stay as they are, so that a runtime
// which does not fuse computes the same with floats.
#pragma once

#include <map>

#include "base/error.h"
#include "ir/graph.h"
#include "quantize/bias_shift.h"
#include "quantize/options.h"
#include "quantize/ranges.h"
#include "quantize/static_selection.h"

namespace insitu {

// What was seen of values.
struct Seen {
  std::map<ValueId, Range> ranges;      // of the roots that are read
  std::map<ValueId, InputMeans> means;  // of the inputs of linear layers
};

Status RewriteStatic(Graph& graph, const Selection& selection, const Seen& seen,
                     const QuantizeOptions& options);

}  // namespace insitu
