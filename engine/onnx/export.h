// Graph -> ONNX file, as other runtimes read it: operators in their newest form, at the oldest
// opset that has all of them. Invariant: what is written imports as the same graph; weights are
// copied once, into the file.
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "ir/graph.h"

namespace insitu {

// A graph as ImportModel gives it, or after passes that keep to the operators' specification.
// UnsupportedType for inputs or outputs that ONNX has no type for, LimitExceeded for files of 2
// GiB, OutOfMemory.
Result<Buffer> ExportModel(const Graph& graph);

}  // namespace insitu
