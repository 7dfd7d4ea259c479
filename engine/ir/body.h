// Nodes that have graphs among their attributes, as If, Loop and Scan have.
#pragma once

#include <algorithm>
#include <memory>
#include <variant>

#include "ir/graph.h"

namespace insitu {

inline bool HasBody(const Node& node) {
  return std::ranges::any_of(node.attributes, [](const auto& attribute) {
    return std::holds_alternative<std::shared_ptr<Graph>>(attribute.second);
  });
}

}  // namespace insitu
