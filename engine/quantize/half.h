// QuantizeTo::kFloat16: constants as float16, each behind one Cast to float32 for all its readers.
// Invariant: the nodes stay what they are; a constant stays float32 where float16 says another
// number: beyond its range, or too small for all its digits.
#pragma once

#include "base/error.h"
#include "ir/graph.h"
#include "quantize/options.h"

namespace insitu {

// How many nodes read a constant that was stored as float16; shapes are inferred anew.
Result<int64_t> StoreHalves(Graph& graph, const QuantizeOptions& options);

}  // namespace insitu
