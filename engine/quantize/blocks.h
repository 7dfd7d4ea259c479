// QuantizeTo::kBlocks: weights of matrix products in blocks of 4 or 8 bits, activations in float.
// Invariant: what is quantized takes fewer bytes than before; the layout is that of
// com.microsoft.MatMulNBits.
#pragma once

#include "base/error.h"
#include "ir/graph.h"
#include "quantize/options.h"

namespace insitu {

// MatMul and Gemm with constant weights of at least a block. How many were quantized; shapes are
// inferred anew.
Result<int64_t> QuantizeBlocks(Graph& graph, const QuantizeOptions& options);

}  // namespace insitu
