// AttributeProto -> Attribute, and the check of a node's attributes against its operator.
// Invariant: after CheckAttributes every attribute of a node is one its OpDef lists, with its type.
#pragma once

#include "base/error.h"
#include "ir/graph.h"
#include "onnx-ml.pb.h"
#include "onnx/external_data.h"
#include "ops/op_def.h"

namespace insitu {

// InvalidModel, or UnsupportedOp for graphs, sparse tensors, types and lists of them.
Result<Attribute> ToAttribute(const onnx::AttributeProto& attribute, ExternalData& external);

// InvalidModel for a missing or wrongly typed attribute, UnsupportedOp for one `def` does not know.
Status CheckAttributes(const Node& node, const OpDef& def);

}  // namespace insitu
