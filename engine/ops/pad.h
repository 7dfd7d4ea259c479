// What passes need to know of Pad.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ir/graph.h"

namespace insitu {

// The constant pads of a Pad node, all begins and then all ends of a tensor of this rank; nullopt
// when they are computed at run time or not valid.
std::optional<std::vector<int64_t>> ConstantPads(const Graph& graph, const Node& node, size_t rank);

}  // namespace insitu
