// What stands in the file, and what of it insitu cannot run.
// Invariant: reads the parsed messages only; never touches weights, never fails on an operator.
#pragma once

#include <string>
#include <vector>

#include "onnx/import.h"
#include "onnx/wire.h"

namespace insitu {

// Fails with InvalidModel (opset imports missing or contradictory, extents of initializers) or
// LimitExceeded (subgraphs nested too deeply).
Result<ModelInfo> ReadInfo(const WireModel& model);

// The opset of ai.onnx, 0 when the model does not import it.
int64_t OnnxOpset(const ModelInfo& info);

// "" for "ai.onnx", the other name of the default domain.
std::string CanonicalDomain(const std::string& domain);
// "Conv" or "com.microsoft.QLinearAdd".
std::string QualifiedName(const std::string& op, const std::string& domain);

// Opset versions, functions, sparse initializers, operators and types of inputs that are not
// supported, in the order of the file.
std::vector<Unsupported> FindUnsupported(const WireModel& model, const ModelInfo& info);

}  // namespace insitu
