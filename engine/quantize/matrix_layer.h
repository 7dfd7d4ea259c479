// Matrix products with constant weights, as MatMul and Gemm say them: what can be quantized alike.
// Invariant: the weights are finite float32 with two axes, the data is float32 with at least two.
#pragma once

#include <optional>

#include "base/tensor.h"
#include "ir/graph.h"
#include "quantize/options.h"

namespace insitu {

struct MatrixLayer {
  ValueId data = kNoValue, weights = kNoValue;
  bool transposed = false;  // the weights are [N, K], not [K, N]
  ValueId addend = kNoValue;
  int64_t depth = 0, columns = 0;  // K and N
};

// nullopt for other operators, and for Gemm that scales or transposes its data.
std::optional<MatrixLayer> MatchMatrixLayer(const Graph& graph, const Node& node);

bool IsExcluded(const Node& node, const QuantizeOptions& options);
bool IsFloat32(const Graph& graph, ValueId id);
// Constant, float32, finite and not empty.
bool IsWeights(const Graph& graph, ValueId id);

// The addend as a constant with one number per column; kNoValue for any other.
ValueId ColumnAddend(Graph& graph, const MatrixLayer& layer);

// Adds a node in front of another. Its one output has a fresh name, and so has the node if it has
// none; the type is for who asks before the next InferShapes().
ValueId AddNodeBefore(Graph& graph, NodeId before, const std::string& name, Node node,
                      ValueType type = {});

}  // namespace insitu
