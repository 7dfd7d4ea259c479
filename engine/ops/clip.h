// What passes need to know of Clip.
#pragma once

#include <optional>

#include "ir/graph.h"
#include "ops/lowering.h"

namespace insitu {

// The constant bounds of a Clip node, infinite where omitted, min <= max; nullopt when a bound is
// computed at run time.
std::optional<Clamp> ClipBounds(const Graph& graph, const Node& node);

}  // namespace insitu
