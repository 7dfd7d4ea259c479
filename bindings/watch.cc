// The watch of a session: starting it, showing it each request, reading what it knows.
#include "watch.h"

#include <array>
#include <utility>

#include "instance.h"

namespace insitu::bindings {
namespace {

constexpr size_t kMostStateBytes = size_t{1} << 30;

Result<Monitor*> FindMonitor(int session) {
  INSITU_ASSIGN(LoadedSession * loaded, TheInstance().sessions.Find(session));
  if (loaded->monitor) return loaded->monitor.get();
  return Fail(ErrorCode::kInvalidArgument, "this session has no monitor",
              "Load the model without `monitor: false`.");
}

Result<QualityMode> QualityModeOf(std::string_view name) {
  if (name == "log") return QualityMode::kLog;
  if (name == "warn") return QualityMode::kWarn;
  if (name == "reject") return QualityMode::kReject;
  return Fail(ErrorCode::kInvalidArgument, "quality is '" + std::string(name) + "'",
              "Known: log, warn, reject.");
}

// The JSON itself, or "model" for what the model brings along.
Result<std::string> ProfileText(const Session& session, const std::string& given) {
  if (given != "model") return given;
  const auto found = session.metadata().find("insitu.profile");
  if (found != session.metadata().end()) return found->second;
  return Fail(ErrorCode::kInvalidArgument, "the model's metadata have no insitu.profile",
              "Pass the profile, or its URL.");
}

Result<MonitorOptions> ToOptions(const Session& session, const val& js_options,
                                 double clock_step_ms, std::string sha256) {
  MonitorOptions options;
  if (const auto profile = js_options["profile"].as<std::string>(); !profile.empty()) {
    INSITU_ASSIGN(const std::string json, ProfileText(session, profile));
    INSITU_ASSIGN(options.profile, ReferenceProfile::FromJson(json));
  }
  INSITU_ASSIGN(options.learn, ToCount(js_options["learn"], "learn"));
  INSITU_ASSIGN(options.sample, ToCount(js_options["sample"], "sample"));
  options.false_alarm_every = js_options["falseAlarmEvery"].as<double>();
  INSITU_ASSIGN(options.quality, QualityModeOf(js_options["quality"].as<std::string>()));
  if (const val slo = js_options["slo"]; !slo.isUndefined())
    options.slo = SloOptions{slo["p95Ms"].as<double>(), slo["errorBudget"].as<double>()};
  const val context = js_options["context"];
  for (const std::string& name : Keys(context))
    options.context.emplace_back(name, context[name].as<std::string>());
  options.start_unix_ms = js_options["startedAt"].as<double>();
  options.instance = js_options["instance"].as<std::string>();
  options.clock_step_ms = clock_step_ms;
  options.model_sha256 = std::move(sha256);
  return options;
}

Status StartMonitor(int session, const val& js_options, double clock_step_ms, std::string sha256) {
  INSITU_ASSIGN(LoadedSession * loaded, TheInstance().sessions.Find(session));
  INSITU_ASSIGN(MonitorOptions options,
                ToOptions(*loaded->session, js_options, clock_step_ms, std::move(sha256)));
  INSITU_ASSIGN(loaded->monitor, Monitor::Create(std::move(options)));
  return {};
}

Status RestoreMonitor(int session, const val& js_options, double clock_step_ms, std::string sha256,
                      int bytes) {
  INSITU_ASSIGN(LoadedSession * loaded, TheInstance().sessions.Find(session));
  INSITU_ASSIGN(MonitorOptions options,
                ToOptions(*loaded->session, js_options, clock_step_ms, std::move(sha256)));
  const Buffer& scratch = TheInstance().scratch;
  if (bytes < 0 || static_cast<size_t>(bytes) > scratch.size())
    return Fail(ErrorCode::kInvalidArgument, "more bytes than were handed over");
  INSITU_ASSIGN(Archive archive,
                Archive::Open({scratch.data(), static_cast<size_t>(bytes)}, nullptr));
  INSITU_ASSIGN(loaded->monitor, Monitor::Restore(std::move(options), archive));
  return {};
}

Result<val> SaveMonitor(int session) {
  INSITU_ASSIGN(Monitor * monitor, FindMonitor(session));
  Archive archive;
  monitor->Save(archive);
  val parts = val::array();
  for (;;) {
    const std::span<const std::byte> part = archive.NextPart(kMostStateBytes);
    if (part.empty()) return parts;
    // A copy: the archive is gone when this returns.
    parts.call<void>("push", val(emscripten::typed_memory_view(
                                     part.size(), reinterpret_cast<const uint8_t*>(part.data())))
                                 .call<val>("slice"));
  }
}

Outcome ToOutcome(std::string_view failure) {
  if (failure.empty()) return std::nullopt;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code)
    if (Name(static_cast<ErrorCode>(code)) == failure) return static_cast<ErrorCode>(code);
  return ErrorCode::kInternal;
}

std::vector<NamedView> ToViews(std::span<const NamedTensor> tensors) {
  std::vector<NamedView> views;
  for (const auto& [name, tensor] : tensors)
    if (IsTensorType(tensor.dtype())) views.push_back({name, tensor.View()});
  return views;
}

// What is to be said of a request besides its times, which mostly is nothing: undefined.
struct Said {
  explicit Said(const val& said) {
    if (said.isUndefined()) return;
    failure = said["failure"].as<std::string>();
    slice = said["slice"].as<std::string>();
    id = said["id"].as<std::string>();
    const val named = said["features"];
    if (named.isUndefined()) return;
    for (const std::string& name : Keys(named)) {
      OwnFeature& feature = features.emplace_back(OwnFeature{.name = name});
      const val value = named[name];
      if (value.isString())
        feature.category = value.as<std::string>();
      else
        feature.value = value.as<double>();
    }
  }

  std::string failure, slice, id;
  std::vector<OwnFeature> features;
};

// The extent of the first dim of the first input that has one besides its values'.
int64_t BatchOf(std::span<const NamedTensor> feeds) {
  for (const auto& [name, tensor] : feeds)
    if (IsTensorType(tensor.dtype()) && tensor.dims().size() >= 2) return tensor.dims()[0];
  return 1;
}

// undefined for none.
val TakeEvents(Monitor& monitor) {
  const std::vector<MonitorEvent> events = monitor.TakeEvents();
  if (events.empty()) return val::undefined();
  val noticed = val::array();
  for (const MonitorEvent& event : events) {
    val fields = val::object();
    fields.set("kind", std::string(Name(event.kind)));
    fields.set("json", event.json);
    noticed.call<void>("push", fields);
  }
  return noticed;
}

}  // namespace

val MonitorStart(int session, val options, double clock_step_ms, std::string sha256) {
  return Answer(StartMonitor(session, options, clock_step_ms, std::move(sha256)));
}

val MonitorJudge(int session, val said) {
  const auto monitor = FindMonitor(session);
  if (!monitor || !(*monitor)->Judges()) return val::undefined();
  const LoadedSession& loaded = **TheInstance().sessions.Find(session);
  const Status status = (*monitor)->Judge(ToViews(loaded.feeds), Said(said).slice);
  return status ? val::undefined() : Failed(status.error());
}

// Each number by itself: reading them one by one from an array takes longer than all of the watch.
val MonitorObserve(int session, double queue, double preprocess, double copy_in, double infer,
                   double copy_out, double total, double started_unix_ms, bool hidden, bool looks,
                   val said) {
  const auto monitor = FindMonitor(session);
  if (!monitor) return val::undefined();
  const LoadedSession& loaded = **TheInstance().sessions.Find(session);
  Timing timing;
  const Said extras(said);
  timing.outcome = ToOutcome(extras.failure);
  timing.times[insitu::Stage::kQueue] = queue;
  timing.times[insitu::Stage::kPreprocess] = preprocess;
  timing.times[insitu::Stage::kCopyIn] = copy_in;
  timing.times[insitu::Stage::kInfer] = infer;
  timing.times[insitu::Stage::kCopyOut] = copy_out;
  timing.times[insitu::Stage::kTotal] = total;
  timing.hidden = hidden;
  timing.batch = BatchOf(loaded.feeds);
  (*monitor)->RecordStages(timing, extras.slice, started_unix_ms);
  if (!timing.outcome && looks) {
    if ((*monitor)->Wants(extras.id)) {
      const std::vector<NamedView> inputs = ToViews(loaded.feeds),
                                   outputs = ToViews(loaded.results);
      (*monitor)->Observe({inputs, outputs, extras.features, extras.slice, extras.id});
    } else {
      (*monitor)->Observe({});
    }
  }
  return TakeEvents(**monitor);
}

val MonitorPostprocess(int session, double ms) {
  const auto monitor = FindMonitor(session);
  if (!monitor) return Failed(monitor.error());
  (*monitor)->RecordPostprocess(ms);
  return Ok(val::undefined());
}

val MonitorFeedback(int session, std::string id, val label) {
  const auto monitor = FindMonitor(session);
  if (!monitor) return Failed(monitor.error());
  Accuracy::Label truth = label.isString() ? Accuracy::Label(label.as<std::string>())
                                           : Accuracy::Label(label.as<double>());
  const Status status = (*monitor)->Feedback(id, truth);
  return status ? Ok(TakeEvents(**monitor)) : Failed(status.error());
}

val MonitorSave(int session) { return Answer(SaveMonitor(session)); }

val MonitorRestore(int session, val options, double clock_step_ms, std::string sha256, int bytes) {
  return Answer(RestoreMonitor(session, options, clock_step_ms, std::move(sha256), bytes));
}

val MonitorSnapshot(int session) {
  const auto monitor = FindMonitor(session);
  return monitor ? Ok(val((*monitor)->SnapshotJson())) : Failed(monitor.error());
}

val MonitorExport(int session, std::string format, double now_unix_ms) {
  const auto monitor = FindMonitor(session);
  return monitor ? Answer((*monitor)->Export(format, now_unix_ms)) : Failed(monitor.error());
}

val MonitorProfile(int session) {
  const auto monitor = FindMonitor(session);
  return monitor ? Answer((*monitor)->ExportProfileJson()) : Failed(monitor.error());
}

val MonitorReset(int session, double now_unix_ms, std::string instance) {
  const auto monitor = FindMonitor(session);
  if (!monitor) return Failed(monitor.error());
  (*monitor)->Reset(now_unix_ms, std::move(instance));
  (*TheInstance().sessions.Find(session))->session->ForgetSampled();
  return Ok(val::undefined());
}

}  // namespace insitu::bindings
