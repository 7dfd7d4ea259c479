// Assignment: which backend computes a node, and why not a faster one.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "ir/graph.h"
#include "plan/backend.h"

namespace insitu {

struct Assignment {
  Backend* backend = nullptr;  // nullptr: the reference, or an alias
  bool alias = false;          // only the extents change
  Offer offer;
  std::optional<LoweredNode> lowered;  // set when a backend or alias was chosen
  std::string why;                     // why not the first backend
};

// The cheapest usable offer for `node` as it stands. OutOfMemory where none can be made for want of
// it: another choice would be slower from then on, and kept.
Result<Assignment> Assign(const Graph& graph, const Node& node, std::span<Backend* const> backends);

// Whether the best offer for `node`, were its data channels-last, beats the best one as it stands:
// what the layout pass asks.
Result<bool> WantsChannelsLast(const Graph& graph, const Node& node,
                               std::span<Backend* const> backends);

}  // namespace insitu
