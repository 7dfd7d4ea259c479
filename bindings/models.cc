// Load, Restore, KeptPart, Inspect, ParseValue and Operators: from uploaded bytes to sessions and
// reports. Invariant: an upload is gone after the call that takes it, whatever the outcome.
#include <map>
#include <utility>

#include "instance.h"
#include "ops/op_def.h"
#include "ops/op_types.h"
#include "sessions.h"
#include "uploaded.h"

namespace insitu::bindings {
namespace {

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

// Enough for the browser to notice what is called often; longer would only delay load().
constexpr double kWarmUpMs = 15;

// How long to warm up and whom to tell of phases.
SessionOptions PreparationOptions(const val& options) {
  SessionOptions session;
  if (options["warmUp"].as<bool>()) session.warm_up_ms = kWarmUpMs;
  session.on_phase = [tell = options["onPhase"]](LoadPhase phase) {
    tell(std::string(phase == LoadPhase::kPlan ? "plan" : "warmup"));
  };
  return session;
}

Result<SessionOptions> ToOptions(const val& options, ImportOptions import) {
  SessionOptions session = PreparationOptions(options);
  session.import = std::move(import);
  session.reference_only = options["referenceOnly"].as<bool>();
  session.keep = options["keep"].as<bool>();
  const val without = options["without"];
  for (int i = 0; i < without["length"].as<int>(); ++i)
    session.without.insert(without[i].as<std::string>());
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

// What JavaScript is told of a session, which lives in the instance from now on.
val Describe(std::unique_ptr<Session> session) {
  val description = val::object();
  description.set("inputs", InfosToJs(session->inputs()));
  description.set("outputs", InfosToJs(session->outputs()));
  description.set("metadata", ToObject(session->metadata()));
  auto loaded = std::make_unique<LoadedSession>();
  loaded->kept = session->TakeKept();
  loaded->session = std::move(session);
  description.set("session", TheInstance().sessions.Add(std::move(loaded)));
  return description;
}

Result<val> LoadModel(int upload, const val& external, const val& options) {
  INSITU_ASSIGN(UploadedModel model, TakeModel(upload, external));
  INSITU_ASSIGN(const SessionOptions session_options, ToOptions(options, std::move(model.import)));
  INSITU_ASSIGN(auto session, Session::Load(model.bytes, session_options, *TheInstance().runtime));
  return Describe(std::move(session));
}

Result<val> RestoreKept(int upload, const val& options) {
  INSITU_ASSIGN(const UploadedModel kept, TakeModel(upload, val::object()));
  INSITU_ASSIGN(auto session,
                Session::Restore(kept.bytes, PreparationOptions(options), *TheInstance().runtime));
  return Describe(std::move(session));
}

Result<val> NextKeptPart(int session, double most) {
  INSITU_ASSIGN(LoadedSession * loaded, TheInstance().sessions.Find(session));
  std::span<const std::byte> bytes;
  if (loaded->kept && most > 0) bytes = loaded->kept->NextPart(static_cast<size_t>(most));
  if (bytes.empty()) loaded->kept.reset();
  return BytesToJs(bytes);
}

Result<val> InspectUpload(int upload, const val& external) {
  INSITU_ASSIGN(UploadedModel model, TakeModel(upload, external));
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

Result<val> ParseUpload(int upload, const std::string& kind) {
  INSITU_ASSIGN(Upload * file, TheInstance().uploads.Find(upload));
  std::string name;
  INSITU_ASSIGN(file->parsed, ParseValueProto(file->Bytes().bytes,
                                              ParseDType(kind).value_or(DType::kUndefined), &name));
  return ToJs(name, *file->parsed);
}

}  // namespace

val Load(int upload, val external, val options) {
  return Answer(LoadModel(upload, external, options));
}

val Restore(int upload, val options) { return Answer(RestoreKept(upload, options)); }

val KeptPart(int session, double most) { return Answer(NextKeptPart(session, most)); }

val Inspect(int upload, val external) { return Answer(InspectUpload(upload, external)); }

val ParseValue(int upload, std::string kind) { return Answer(ParseUpload(upload, kind)); }

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
    val types = val::array();
    for (DType type : AcceptedTypes(*def)) types.call<void>("push", std::string(Name(type)));
    row.set("types", types);
    rows.call<void>("push", row);
  }
  return rows;
}

}  // namespace insitu::bindings
