// What the passes share that read the chains of dynamically quantized models: an integer product, a
// Cast, and a Mul by the product of two scales.
#pragma once

#include <string_view>

#include "passes/passes.h"

namespace insitu {

// The other input of a node with two.
ValueId OtherInput(const Node& node, ValueId one);
// The node that alone reads output 0 of `id`, if it is of this operator; else kNoNode.
NodeId OnlyNext(const Graph& graph, NodeId id, std::string_view op);
// The constant factor in Mul(scale of the input, factor); kNoValue for another product.
ValueId ScaleFactor(const Graph& graph, ValueId product, ValueId input_scale);
// Removes products of scales, and then DynamicQuantizeLinear nodes, that nothing reads any more.
void RemoveUnreadScales(Graph& graph, PassContext& context);

}  // namespace insitu
