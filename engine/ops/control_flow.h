// What the operators with subgraphs (If, Loop, Scan, SequenceMap) share.
// A body's inputs are those that its operator defines, followed by one for each value that some
// body of the node captures; the node's inputs end in these values, in the same order. The
// attribute `formal_inputs` counts the node's inputs in front of them (onnx/graph_builder.h).
#pragma once

#include <memory>
#include <vector>

#include "ops/op_def.h"

namespace insitu {

// Each graph once, though two attributes may share it.
std::vector<std::shared_ptr<Graph>> Bodies(const Node& node);
size_t FormalInputs(const Node& node);

// Gives the bodies' inputs the types that the node's inputs and the operator's specification say.
void TypeBodyInputs(const Graph& graph, const Node& node);

// The body of an attribute with everything inferred from the types of the node's inputs;
// InvalidModel unless it has `inputs` formal inputs and at least `outputs` outputs.
Result<const Graph*> InferBody(const InferContext& context, std::string_view attribute,
                               size_t inputs, size_t outputs);

// The extents that both have in common, Unknown where they differ; nullopt for different ranks.
std::optional<Shape> CommonShape(const std::optional<Shape>& a, const std::optional<Shape>& b);

// x with `axis` removed, at `index` along it.
Result<Tensor> TakeAt(const Tensor& x, size_t axis, int64_t index);
// The items, all of one type and extents, along a new axis; `dims` are the extents of an item.
Result<Tensor> Stack(std::span<const Tensor> items, DType dtype, const Dims& dims, size_t axis);

}  // namespace insitu
