// InspectModel: a report on a file, which fails only where the file itself is broken.
#include <algorithm>
#include <unordered_set>

#include "onnx/import.h"
#include "onnx/model_info.h"
#include "onnx/value_type.h"
#include "onnx/wire.h"
#include "ops/op_def.h"

namespace insitu {
namespace {

using TypedNames = std::vector<std::pair<std::string, ValueType>>;

bool IsUnsupported(const Error& error) {
  return error.code == ErrorCode::kUnsupportedOp || error.code == ErrorCode::kUnsupportedType;
}

// A type that is not supported is noted and listed without one.
template <class Infos>
Result<TypedNames> ReadTypes(const Infos& infos, bool must_have_type,
                             std::vector<Unsupported>& unsupported) {
  TypedNames names;
  for (const onnx::ValueInfoProto& info : infos) {
    names.emplace_back(info.name(), ValueType());
    auto type = ToValueType(info);
    if (type) {
      names.back().second = *std::move(type);
    } else if (IsUnsupported(type.error())) {
      unsupported.push_back({info.name(), "", type.error().message});
    } else if (must_have_type) {
      return std::unexpected(std::move(type).error());
    }
  }
  return names;
}

}  // namespace

Result<Inspection> InspectModel(const ModelBytes& model, const ImportOptions& options) {
  INSITU_ASSIGN(WireModel wire, ReadModel(model.bytes));
  Inspection inspection;
  INSITU_ASSIGN(inspection.info, ReadInfo(wire));
  inspection.unsupported = FindUnsupported(wire, inspection.info);
  for (const auto& entry : wire.model.metadata_props())
    inspection.metadata[entry.key()] = entry.value();

  std::unordered_set<std::string> constants;
  for (const WireTensor& tensor : wire.initializers) constants.insert(tensor.proto.name());
  std::vector<onnx::ValueInfoProto> inputs;
  for (const onnx::ValueInfoProto& input : wire.graph.input())
    if (!constants.contains(input.name())) inputs.push_back(input);
  INSITU_ASSIGN(inspection.inputs, ReadTypes(inputs, true, inspection.unsupported));
  INSITU_ASSIGN(inspection.outputs, ReadTypes(wire.graph.output(), false, inspection.unsupported));

  const bool missing_files =
      !options.external_data && std::ranges::any_of(wire.initializers, [](const auto& tensor) {
        return tensor.proto.data_location() == onnx::TensorProto::EXTERNAL;
      });
  if (!inspection.unsupported.empty() || missing_files) return inspection;
  auto imported = ImportModel(model, options);
  if (!imported) {
    Error error = std::move(imported).error();
    if (!IsUnsupported(error)) return std::unexpected(std::move(error));
    inspection.unsupported.push_back({error.node, error.op, error.message});
    return inspection;
  }
  INSITU_TRY(InferShapes(imported->graph, &inspection.unsupported));
  return inspection;
}

}  // namespace insitu
