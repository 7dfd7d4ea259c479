// What passes need to know of Transpose.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/graph.h"

namespace insitu {

// The permutation of a Transpose node whose input has this rank, the default filled in; not
// checked to be one.
std::vector<int64_t> TransposePerm(const Node& node, size_t rank);

}  // namespace insitu
