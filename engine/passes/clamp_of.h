// ClampOf: which nodes are plain clamps, for the passes that fold them.
#pragma once

#include <limits>
#include <optional>

#include "ops/clip.h"

namespace insitu {

// The clamp that Relu or Clip with constant bounds computes; nullopt for anything else.
inline std::optional<Clamp> ClampOf(const Graph& graph, const Node& node) {
  if (node.Is("Relu")) return Clamp{0, std::numeric_limits<float>::infinity()};
  if (node.Is("Clip")) return ClipBounds(graph, node);
  return std::nullopt;
}

}  // namespace insitu
