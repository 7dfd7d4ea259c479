// Export and load.
#include "quantize/written.h"

#include "onnx/export.h"
#include "ops/op_def.h"

namespace insitu {

Result<Buffer> WriteModel(Graph graph, const std::map<std::string, std::string>& metadata) {
  INSITU_TRY(InferShapes(graph));
  for (const auto& [key, value] : metadata) graph.metadata[key] = value;
  return ExportModel(graph);
}

Result<std::unique_ptr<Session>> LoadWritten(const Graph& graph, Runtime& runtime) {
  INSITU_ASSIGN(Buffer buffer, WriteModel(graph, {}));
  const auto owner = std::make_shared<Buffer>(std::move(buffer));
  return Session::Load({{owner->data(), owner->size()}, owner}, {}, runtime);
}

}  // namespace insitu
