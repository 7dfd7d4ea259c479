// Counting and judging what a file contains.
#include "onnx/model_info.h"

#include <algorithm>

#include "base/checked.h"
#include "base/limits.h"
#include "onnx/opset.h"
#include "onnx/tensor_proto.h"
#include "ops/op_def.h"

namespace insitu {
namespace {

void CountOps(const onnx::GraphProto& graph, std::map<std::string, int64_t>& counts) {
  for (const onnx::NodeProto& node : graph.node()) {
    ++counts[QualifiedName(node.op_type(), CanonicalDomain(node.domain()))];
    for (const onnx::AttributeProto& attribute : node.attribute()) {
      if (attribute.has_g()) CountOps(attribute.g(), counts);
      for (const onnx::GraphProto& inner : attribute.graphs()) CountOps(inner, counts);
    }
  }
}

void FindUnknown(const onnx::GraphProto& graph, std::vector<Unsupported>& found) {
  for (int i = 0; i < graph.node_size(); ++i) {
    const onnx::NodeProto& node = graph.node(i);
    const std::string domain = CanonicalDomain(node.domain());
    for (const onnx::AttributeProto& attribute : node.attribute())
      if (attribute.has_g()) FindUnknown(attribute.g(), found);
    if (IsImportable(node.op_type(), domain)) continue;
    const std::string name = QualifiedName(node.op_type(), domain);
    found.push_back({node.name().empty() ? node.op_type() + "_" + std::to_string(i) : node.name(),
                     name, "operator " + name});
  }
}

// Whether every operator of an opset before those that are read has not changed until they begin.
bool IsReadableOldOpset(const ModelInfo& info, int64_t opset) {
  return opset >= 1 && opset < kFirstOpset &&
         std::ranges::all_of(
             info.op_counts,
             [&](const auto& entry) {
               const OpDef* def = FindOp(entry.first, "");
               return entry.first.find('.') != std::string::npos ||
                      (def && std::ranges::none_of(def->since, [&](int since) {
                         return since > opset && since <= kFirstOpset;
                       }));
             });
}

}  // namespace

std::string CanonicalDomain(const std::string& domain) {
  return domain == "ai.onnx" ? std::string() : domain;
}

std::string QualifiedName(const std::string& op, const std::string& domain) {
  return domain.empty() ? op : domain + "." + op;
}

int64_t OnnxOpset(const ModelInfo& info) {
  const auto found = info.opsets.find("");
  return found == info.opsets.end() ? 0 : found->second;
}

Result<ModelInfo> ReadInfo(const WireModel& model) {
  ModelInfo info;
  info.ir_version = model.model.ir_version();
  info.producer = model.model.producer_name();
  if (!model.model.producer_version().empty())
    info.producer += (info.producer.empty() ? "" : " ") + model.model.producer_version();
  for (const auto& opset : model.model.opset_import()) {
    const auto [entry, added] =
        info.opsets.emplace(CanonicalDomain(opset.domain()), opset.version());
    if (!added && entry->second != opset.version())
      return Fail(ErrorCode::kInvalidModel,
                  "the model imports two versions of the operator set '" + opset.domain() + "'",
                  "Export the model again.");
  }
  CountOps(model.graph, info.op_counts);
  for (const WireTensor& tensor : model.initializers) {
    INSITU_ASSIGN(const Dims dims, ToDims(tensor.proto));
    const int64_t elements = ElementsUnchecked(dims);
    info.parameters = CheckedAdd(info.parameters, elements).value_or(info.parameters);
    if (!IsKnownDType(tensor.proto.data_type())) continue;
    const auto bytes = ByteSize(static_cast<DType>(tensor.proto.data_type()), elements);
    info.initializer_bytes += static_cast<int64_t>(bytes);
    if (info.initializer_bytes > CurrentLimits().max_initializer_bytes)
      return Fail(ErrorCode::kLimitExceeded,
                  "the initializers have more than " +
                      std::to_string(CurrentLimits().max_initializer_bytes) + " bytes",
                  "Use a smaller or a quantized model.");
  }
  return info;
}

std::vector<Unsupported> FindUnsupported(const WireModel& model, const ModelInfo& info) {
  std::vector<Unsupported> found;
  const auto opset = info.opsets.find("");
  const bool uses_onnx = std::ranges::any_of(
      model.graph.node(), [](const auto& node) { return CanonicalDomain(node.domain()).empty(); });
  if (opset == info.opsets.end()
          ? uses_onnx
          : opset->second > kLastOpset ||
                (opset->second < kFirstOpset && !IsReadableOldOpset(info, opset->second)))
    found.push_back({"", "",
                     "opset " + std::to_string(OnnxOpset(info)) + " (insitu reads " +
                         std::to_string(kFirstOpset) + " to " + std::to_string(kLastOpset) + ")"});
  if (model.functions > 0)
    found.push_back(
        {"", "",
         std::to_string(model.functions) + " model-local functions (inline them when exporting)"});
  if (model.sparse_initializers > 0)
    found.push_back(
        {"", "",
         std::to_string(model.sparse_initializers) + " sparse initializers (store them dense)"});
  FindUnknown(model.graph, found);
  return found;
}

}  // namespace insitu
