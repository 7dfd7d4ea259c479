// The module's face to JavaScript: every exported call by name, the start of the instance and its
// memory. With those of quantizer.cc, which one module has besides, web/src/rpc/native.ts is the
// same list as types.
#include <emscripten/bind.h>

#include <algorithm>
#include <cstddef>

#include "instance.h"
#include "prepare.h"
#include "sessions.h"
#include "watch.h"

namespace insitu {

Instance& TheInstance() {
  static Instance instance;
  return instance;
}

namespace bindings {
namespace {

// Limits that are not named stay the largest.
Result<Limits> ToLimits(const val& named) {
  Limits limits;
  for (const std::string& name : Keys(named)) {
    if (named[name].isUndefined()) continue;
    const auto known = std::ranges::find(LimitNames(), name, &LimitName::name);
    if (known == LimitNames().end())
      return Fail(ErrorCode::kInvalidArgument, "there is no limit '" + name + "'",
                  "See Limits in the reference.");
    INSITU_ASSIGN(const uint64_t value, ToCount(named[name], name));
    limits.*(known->member) = static_cast<int64_t>(value);
  }
  return limits;
}

Result<val> StartInstance(int threads, const val& limits, double memory_bytes) {
  Instance& instance = TheInstance();
  INSITU_ASSIGN(const Limits lowered, ToLimits(limits));
  INSITU_TRY(SetLimits(lowered));
  SetMemoryMaximum(static_cast<int64_t>(memory_bytes));
  INSITU_ASSIGN(instance.runtime, Runtime::Create(threads));
  val started = val::object();
  started.set("version", std::string(INSITU_VERSION));
  started.set("traits", instance.runtime->traits());
  val switches = val::array();
  for (const std::string& name : instance.runtime->Switches()) switches.call<void>("push", name);
  started.set("switches", switches);
  started.set("cancelAddress", ToNumber(&instance.cancel));
  return started;
}

val Start(int threads, val limits, double memory_bytes) {
  return Answer(StartInstance(threads, limits, memory_bytes));
}

val UploadBegin(double total, bool hash) {
  auto upload = Upload::Begin(total, hash);
  if (!upload) return Failed(upload.error());
  return Ok(val(TheInstance().uploads.Add(*std::move(upload))));
}

val UploadReserve(int handle, double bytes) {
  const auto upload = TheInstance().uploads.Find(handle);
  if (!upload) return Failed(upload.error());
  return Answer((*upload)->Reserve(bytes).transform([](std::byte* at) { return ToNumber(at); }));
}

val UploadCommit(int handle, double bytes) {
  const auto upload = TheInstance().uploads.Find(handle);
  return upload ? Answer((*upload)->Commit(bytes)) : Failed(upload.error());
}

val UploadDigest(int handle) {
  const auto upload = TheInstance().uploads.Find(handle);
  return upload ? Ok(val((*upload)->Digest())) : Failed(upload.error());
}

void UploadDiscard(int handle) { TheInstance().uploads.Erase(handle); }

val Memory() {
  val report = val::object();
  report.set("heapBytes", static_cast<double>(__builtin_wasm_memory_size(0)) * 65536);
  report.set("bufferBytes", static_cast<double>(LiveBufferBytes()));
  report.set("peakBufferBytes", static_cast<double>(PeakBufferBytes()));
  return report;
}

}  // namespace

EMSCRIPTEN_BINDINGS(insitu) {
  using emscripten::function;
  function("start", &Start);
  function("uploadBegin", &UploadBegin);
  function("uploadReserve", &UploadReserve);
  function("uploadCommit", &UploadCommit);
  function("uploadDigest", &UploadDigest);
  function("uploadDiscard", &UploadDiscard);
  function("load", &Load);
  function("restore", &Restore);
  function("keptPart", &KeptPart);
  function("inspect", &Inspect);
  function("parseValue", &ParseValue);
  function("stage", &Stage);
  function("stageStrings", &StageStrings);
  function("stageGroup", &StageGroup);
  function("run", &Run);
  function("openStream", &OpenStream);
  function("resetStream", &ResetStream);
  function("undoStream", &UndoStream);
  function("closeStream", &CloseStream);
  function("imageBegin", &ImageBegin);
  function("imageAdd", &ImageAdd);
  function("audio", &Audio);
  function("prepared", &Prepared);
  function("stagePrepared", &StagePrepared);
  function("dropPrepared", &DropPrepared);
  function("profile", &Profile);
  function("sampled", &Sampled);
  function("clear", &Clear);
  function("explain", &Explain);
  function("disposeSession", &DisposeSession);
  function("operators", &Operators);
  function("monitorStart", &MonitorStart);
  function("monitorJudge", &MonitorJudge);
  function("monitorObserve", &MonitorObserve);
  function("monitorPostprocess", &MonitorPostprocess);
  function("monitorFeedback", &MonitorFeedback);
  function("monitorSave", &MonitorSave);
  function("monitorRestore", &MonitorRestore);
  function("monitorSnapshot", &MonitorSnapshot);
  function("monitorExport", &MonitorExport);
  function("monitorProfile", &MonitorProfile);
  function("monitorReset", &MonitorReset);
  function("scratch", &Scratch);
  function("createHistogram", &CreateHistogram);
  function("histogramRecord", &HistogramRecord);
  function("histogramQuantiles", &HistogramQuantiles);
  function("histogramMerge", &HistogramMerge);
  function("histogramJson", &HistogramJson);
  function("createProfile", &CreateProfile);
  function("mergeProfiles", &MergeProfiles);
  function("createDetector", &CreateDetector);
  function("compareWindow", &CompareWindow);
  function("detectorUpdate", &DetectorUpdate);
  function("detectorReset", &DetectorReset);
  function("disposeWatch", &DisposeWatch);
  function("memory", &Memory);
}

}  // namespace bindings
}  // namespace insitu
