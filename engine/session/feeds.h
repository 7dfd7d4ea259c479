// Feeds: matching what a caller gives by name with what the model declares.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/tensor.h"
#include "ir/graph.h"

namespace insitu {

struct TensorInfo;
struct NamedTensor;

// The feeds in the order of `inputs`. InvalidArgument for an unknown, missing or doubled name or
// another element type; the hint lists what the model wants. Extents are the plan's to check.
Result<std::vector<Tensor>> MatchFeeds(std::span<const TensorInfo> inputs,
                                       std::span<const NamedTensor> feeds);

// "float32[batch,3,224,224]", "sequence of int64[...]".
std::string Describe(const ValueType& type);

}  // namespace insitu
