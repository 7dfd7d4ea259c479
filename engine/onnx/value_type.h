// TypeProto -> ValueType, for the inputs and outputs of a graph.
// Invariant: every extent is a non-negative number or a symbol; none is unknown.
#pragma once

#include "base/error.h"
#include "ir/graph.h"
#include "onnx-ml.pb.h"

namespace insitu {

// A dim without number or name becomes the symbol "<name>_dim<i>". UnsupportedType for sparse
// tensors; InvalidModel, LimitExceeded.
Result<ValueType> ToValueType(const onnx::ValueInfoProto& info);

}  // namespace insitu
