// A graph as a model file that a session of this engine has loaded.
#pragma once

#include <memory>

#include "base/buffer.h"
#include "base/error.h"
#include "ir/graph.h"
#include "session/session.h"

namespace insitu {

Result<Buffer> WriteModel(Graph graph, const std::map<std::string, std::string>& metadata);
Result<std::unique_ptr<Session>> LoadWritten(const Graph& graph, Runtime& runtime);

}  // namespace insitu
