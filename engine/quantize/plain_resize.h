// How a Resize that old opsets have rounds, in the words of the present one.
#pragma once

#include "base/error.h"
#include "ir/graph.h"

namespace insitu {

// Old opsets round down where an axis grows and up where it shrinks, for which ONNX has no word any
// more (`floor_or_ceil` is insitu's own): one of the two, by constant scales or by the extents.
// UnsupportedOp where neither is known, or axes differ. The graph has its shapes.
Status SettleResizes(Graph& graph);

}  // namespace insitu
