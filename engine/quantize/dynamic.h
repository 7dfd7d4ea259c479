// QuantizeTo::kDynamicInt8: products of 8-bit weights with activations that are quantized by the
// range of each run.
// Invariant: the operators are those of ONNX, in the chain that FuseDynamicQuantization and
// FuseConvInteger make one kernel of; a value is quantized once for all its readers.
#pragma once

#include "base/error.h"
#include "ir/graph.h"
#include "quantize/options.h"

namespace insitu {

// MatMul, Gemm and Conv with constant weights, depthwise ones excepted. How many were quantized;
// shapes are inferred anew.
Result<int64_t> QuantizeDynamic(Graph& graph, const QuantizeOptions& options);

}  // namespace insitu
