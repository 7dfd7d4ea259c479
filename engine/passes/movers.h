// Operators that only move or select elements, which therefore run on quantized data as on any.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "ir/graph.h"

namespace insitu {

// Input 0 and output 0 carry the data, every other input is a parameter. Concat, all of whose
// inputs are data, is not among them.
inline bool IsMover(const Node& node) {
  constexpr std::array<std::string_view, 13> kMovers = {
      "MaxPool", "Reshape", "Flatten",      "Transpose",    "Squeeze", "Unsqueeze", "Slice",
      "Gather",  "Expand",  "DepthToSpace", "SpaceToDepth", "Tile",    "GlobalMaxPool"};
  return node.domain.empty() && std::ranges::find(kMovers, node.op) != kMovers.end();
}

}  // namespace insitu
