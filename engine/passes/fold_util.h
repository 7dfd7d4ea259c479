// What passes share that fold constants into operators or several operators into one.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "passes/passes.h"

namespace insitu {

// The constant as one number per channel of a tensor of this rank, axis 1 being the channels: it
// has one element, or `channels` elements all along that axis when aligned from the last axis.
std::optional<std::vector<double>> PerChannel(const Tensor& constant, size_t rank,
                                              int64_t channels);
// A 1-D tensor of these numbers.
Result<Tensor> VectorOf(DType dtype, const std::vector<double>& values);
// The only node that reads the value, when the value is no graph output; else kNoNode.
NodeId OnlyConsumer(const Graph& graph, ValueId id);
// How many axes it has; nullopt where that is unknown.
std::optional<size_t> RankOf(const Graph& graph, ValueId id);
// Removes the nodes, noting that `by` absorbed them.
void Absorb(Graph& graph, PassContext& context, std::span<const NodeId> nodes, std::string_view by);
// A constant of one element as a number.
std::optional<double> ScalarOf(const Graph& graph, ValueId id);
// The number in Op(other, number) or Op(number, other) for a node with two inputs; the other input
// goes to `other`.
std::optional<double> ScalarOperand(const Graph& graph, const Node& node, ValueId& other);
// A copy of constant weights [O, ...] with every element of channel o times factor[o].
Result<Tensor> ScaledRows(const Tensor& weights, const std::vector<double>& factors);

}  // namespace insitu
