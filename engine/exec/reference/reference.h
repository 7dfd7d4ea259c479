// The reference backend: dispatches a node to its OpDef.run, nothing more.
#pragma once

#include <span>

#include "base/error.h"
#include "base/tensor.h"
#include "ir/graph.h"
#include "ops/op_def.h"

namespace insitu {

// `outputs` are allocated with the extents that inference gave. An error names the node.
Status RunReference(const OpDef& def, const Node& node, std::span<const TensorView> inputs,
                    std::span<TensorView> outputs);

}  // namespace insitu
