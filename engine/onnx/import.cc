// ImportModel: bytes -> messages -> graph -> newest opset -> verified graph.
#include "onnx/import.h"

#include "ir/verify.h"
#include "onnx/attribute_proto.h"
#include "onnx/graph_builder.h"
#include "onnx/model_info.h"
#include "onnx/opset.h"
#include "onnx/wire.h"
#include "ops/control_flow.h"
#include "ops/op_def.h"

namespace insitu {
namespace {

// Rewriting can end in an operator that is not known (Upsample in the opset that retired it).
Status CheckNodes(const Graph& graph) {
  for (NodeId id : graph.Order()) {
    const Node& node = graph.node(id);
    const OpDef* def = FindOp(node.op, node.domain);
    if (!def)
      return std::unexpected(
          UnsupportedError({{node.name, QualifiedName(node.op, node.domain),
                             "operator " + QualifiedName(node.op, node.domain)}}));
    INSITU_TRY(CheckAttributes(node, *def));
    for (const auto& body : Bodies(node)) {
      INSITU_TRY(CheckNodes(*body));
      INSITU_TRY(Verify(*body));
    }
  }
  return {};
}

}  // namespace

Result<ImportedModel> ImportModel(const ModelBytes& model, const ImportOptions& options) {
  INSITU_ASSIGN(WireModel wire, ReadModel(model.bytes));
  ImportedModel imported;
  INSITU_ASSIGN(imported.info, ReadInfo(wire));
  if (const auto unsupported = FindUnsupported(wire, imported.info); !unsupported.empty())
    return std::unexpected(UnsupportedError(unsupported));
  ExternalData external(options);
  GraphBuilder builder(wire.graph, external);
  INSITU_TRY(builder.AddInitializers(wire.initializers, model.owner));
  INSITU_ASSIGN(imported.graph, builder.Build());
  for (const auto& entry : wire.model.metadata_props())
    imported.graph.metadata[entry.key()] = entry.value();
  INSITU_TRY(NormalizeOpset(imported.graph, OnnxOpset(imported.info)));
  INSITU_TRY(CheckNodes(imported.graph));
  INSITU_TRY(Verify(imported.graph));
  return imported;
}

}  // namespace insitu
