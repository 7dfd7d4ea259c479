// One node on the reference, outside any plan: constant folding and tests use it.
#pragma once

#include <span>
#include <vector>

#include "base/tensor.h"
#include "ir/graph.h"
#include "ops/op_def.h"

namespace insitu {

// The outputs of a node whose types InferNode has stored, for these inputs (an empty Tensor where
// one is omitted, as the result has where an output is). Errors carry the node's name and operator.
Result<std::vector<Tensor>> EvaluateNode(const Graph& graph, NodeId id,
                                         std::span<const Tensor> inputs,
                                         const SubgraphRunner& run_subgraph = {});

}  // namespace insitu
