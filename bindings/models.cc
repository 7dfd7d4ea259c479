// Load, Inspect, ParseTensor and Operators: from uploaded bytes to sessions and reports.
// Invariant: an upload is gone after the call that takes it, whatever the outcome.
#include <map>
#include <utility>

#include "instance.h"
#include "ops/op_def.h"
#include "sessions.h"

namespace insitu::bindings {
namespace {

// Takes the uploads of a model and its external files.
struct Model {
  ModelBytes bytes;
  ImportOptions import;
};

Result<Model> Take(int upload, const val& external) {
  Instance& instance = TheInstance();
  Model model;
  INSITU_ASSIGN(const Upload* main, instance.uploads.Find(upload));
  model.bytes = main->Bytes();
  std::map<std::string, ModelBytes> files;
  for (const std::string& name : Keys(external)) {
    const int handle = external[name].as<int>();
    INSITU_ASSIGN(const Upload* file, instance.uploads.Find(handle));
    files.emplace(name, file->Bytes());
    instance.uploads.Erase(handle);
  }
  instance.uploads.Erase(upload);
  if (!files.empty()) {
    model.import.external_data =
        [files = std::move(files)](const std::string& location) -> Result<ModelBytes> {
      auto it = files.find(location);
      if (it != files.end()) return it->second;
      return Fail(ErrorCode::kInvalidArgument, "the model needs the external file '" + location + "'",
                  "Pass it in externalData under this name.");
    };
  }
  return model;
}

val InfoToJs(std::string_view name, DType dtype, const std::optional<Shape>& shape) {
  val info = val::object();
  info.set("name", std::string(name));
  info.set("dtype", std::string(Name(dtype)));
  val dims = val::array();
  if (!shape) info.set("anyRank", true);
  for (size_t i = 0; shape && i < shape->size(); ++i) {
    const Dim& dim = (*shape)[i];
    if (dim.IsKnown())
      dims.set(i, static_cast<double>(dim.value()));
    else
      dims.set(i, dim.ToString());
  }
  info.set("dims", dims);
  return info;
}

val InfosToJs(std::span<const TensorInfo> infos) {
  val array = val::array();
  for (const TensorInfo& info : infos)
    array.call<void>("push", InfoToJs(info.name, info.dtype, info.shape));
  return array;
}

val InfosToJs(std::span<const std::pair<std::string, ValueType>> infos) {
  val array = val::array();
  for (const auto& [name, type] : infos)
    array.call<void>("push", InfoToJs(name, type.dtype, type.shape));
  return array;
}

val ToObject(const std::map<std::string, std::string>& map) {
  val object = val::object();
  for (const auto& [key, value] : map) object.set(key, value);
  return object;
}

val ToObject(const std::map<std::string, int64_t>& map) {
  val object = val::object();
  for (const auto& [key, value] : map) object.set(key, static_cast<double>(value));
  return object;
}

Result<SessionOptions> ToOptions(const val& options, ImportOptions import) {
  SessionOptions session;
  session.import = std::move(import);
  session.reference_only = options["referenceOnly"].as<bool>();
  const val dims = options["dims"];
  for (const std::string& name : Keys(dims)) {
    val one = val::array();
    one.set(0, dims[name]);
    auto extent = ToDims(one);
    if (!extent) return std::unexpected(std::move(extent).error().At(name, {}));
    session.dims.emplace(name, extent->front());
  }
  return session;
}

Result<val> LoadModel(int upload, const val& external, const val& options) {
  Instance& instance = TheInstance();
  INSITU_ASSIGN(Model model, Take(upload, external));
  INSITU_ASSIGN(const SessionOptions session_options, ToOptions(options, std::move(model.import)));
  auto loaded = std::make_unique<LoadedSession>();
  INSITU_ASSIGN(loaded->session, Session::Load(model.bytes, session_options, *instance.runtime));
  const Session& session = *loaded->session;
  val description = val::object();
  description.set("inputs", InfosToJs(session.inputs()));
  description.set("outputs", InfosToJs(session.outputs()));
  description.set("metadata", ToObject(session.metadata()));
  description.set("session", instance.sessions.Add(std::move(loaded)));
  return description;
}

Result<val> InspectUpload(int upload, const val& external) {
  INSITU_ASSIGN(Model model, Take(upload, external));
  INSITU_ASSIGN(const Inspection found, InspectModel(model.bytes, model.import));
  val unsupported = val::array();
  for (const Unsupported& part : found.unsupported) {
    val row = val::object();
    row.set("node", part.node);
    row.set("op", part.op);
    row.set("what", part.what);
    unsupported.call<void>("push", row);
  }
  val report = val::object();
  report.set("irVersion", static_cast<double>(found.info.ir_version));
  report.set("opsets", ToObject(found.info.opsets));
  report.set("producer", found.info.producer);
  report.set("metadata", ToObject(found.metadata));
  report.set("inputs", InfosToJs(found.inputs));
  report.set("outputs", InfosToJs(found.outputs));
  report.set("operators", ToObject(found.info.op_counts));
  report.set("parameters", static_cast<double>(found.info.parameters));
  report.set("initializerBytes", static_cast<double>(found.info.initializer_bytes));
  report.set("runnable", found.unsupported.empty());
  report.set("unsupported", unsupported);
  return report;
}

Result<val> ParseUpload(int upload) {
  INSITU_ASSIGN(Upload * file, TheInstance().uploads.Find(upload));
  std::string name;
  INSITU_ASSIGN(file->parsed, ParseTensorProto(file->Bytes().bytes, &name));
  return ToJs(name, *file->parsed);
}

}  // namespace

val Load(int upload, val external, val options) {
  return Answer(LoadModel(upload, external, options));
}

val Inspect(int upload, val external) { return Answer(InspectUpload(upload, external)); }

val ParseTensor(int upload) { return Answer(ParseUpload(upload)); }

val Operators() {
  val rows = val::array();
  for (const OpDef* def : AllOps()) {
    if (def->domain == "insitu") continue;  // made by passes, not by models
    val since = val::array();
    for (size_t i = 0; i < def->since.size(); ++i) since.set(i, def->since[i]);
    val row = val::object();
    row.set("name", std::string(def->name));
    row.set("domain", std::string(def->domain));
    row.set("since", since);
    row.set("lowered", def->lower != nullptr);
    rows.call<void>("push", row);
  }
  return rows;
}

}  // namespace insitu::bindings
