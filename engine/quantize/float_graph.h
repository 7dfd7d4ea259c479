// The float model that is quantized: imported, with what can be computed before computed, and batch
// normalisation part of the convolutions in front of it.
// Invariant: operators keep to their specification, so that the graph can be written as ONNX.
#pragma once

#include "base/error.h"
#include "ir/graph.h"
#include "onnx/import.h"
#include "quantize/options.h"

namespace insitu {

// InvalidArgument where a node to exclude is not there, or the model is to have scales for its
// activations and has them. InvalidModel, UnsupportedOp, LimitExceeded, OutOfMemory as ImportModel.
Result<Graph> FloatGraph(const ModelBytes& model, const QuantizeOptions& options,
                         const ImportOptions& import);

// Whether an operator has a bias of its own: Conv and Gemm.
inline bool TakesBias(const Node& node) { return node.Is("Conv") || node.Is("Gemm"); }

// What a node of this graph multiplies by: the constant, finite float32 weights of Conv, Gemm and
// MatMul, where the sums of their products as integers fit 32 bits.
struct Linear {
  const Tensor* weights = nullptr;
  const Tensor* bias = nullptr;
  int64_t channel_axis = 0;  // of the weights: output channels; -1: none that all groups share
  int64_t input_axis = 0;    // of the weights: what is summed over, a group of it for Conv
};
std::optional<Linear> LinearOf(const Graph& graph, const Node& node);

}  // namespace insitu
