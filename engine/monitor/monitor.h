// Monitor: the watch of one session. It is handed what the session sees and keeps counts,
// histograms and detectors; it never keeps inputs and never sends anything.
// Invariant: a failing watch never fails a run: Observe has no error, trouble becomes an event.
// Only Judge, which comes before the run, may refuse an input, where that was asked for. The JSON
// of snapshots and events is described in docs/monitoring.md.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "monitor/accuracy.h"
#include "monitor/burn_rate.h"
#include "monitor/drift_watch.h"
#include "monitor/latency.h"
#include "monitor/learner.h"
#include "monitor/output_features.h"
#include "monitor/profile.h"
#include "monitor/quality.h"
#include "monitor/slices.h"
#include "monitor/trace.h"

namespace insitu {

// What becomes of inputs with issues: they are counted; that is said by events, too; or they are
// not run.
enum class QualityMode : uint8_t { kLog, kWarn, kReject };

// What times were measured on: a name and its value.
using ContextEntry = std::pair<std::string, std::string>;

struct MonitorOptions {
  std::optional<ReferenceProfile> profile = {};  // what inputs should look like
  uint64_t learn = 0;  // without a profile: learn one from the first N samples, >= 2,000
  double false_alarm_every = 10'000;
  uint64_t sample = 1;            // watch one input in N
  double clock_step_ms = 0;       // of the clock behind StageTimes
  std::string model_sha256 = {};  // hex; compared with the profile's and written into exported ones
  uint64_t seed = DetectorOptions{}.seed;
  QualityMode quality = QualityMode::kWarn;
  std::optional<SloOptions> slo = {};
  double start_unix_ms = 0;   // of the watch, for exports
  std::string instance = {};  // a random name of this watch, for those who collect several
  std::vector<ContextEntry> context = {};
};

enum class MonitorEventKind : uint8_t { kDrift, kRecovered, kProfile, kQuality, kSlow };
// The JavaScript event type: "drift", "recovered", "profile", "quality", "slow".
std::string_view Name(MonitorEventKind kind);

struct MonitorEvent {
  MonitorEventKind kind;
  std::string json;  // the event's detail, an object
};

// A feature of the caller's own: a number, or a word.
struct OwnFeature {
  std::string name;
  double value = 0;
  std::optional<std::string> category = {};
};

// A request that was run. Views are read before the call returns and not kept.
struct Request {
  std::span<const NamedView> inputs = {}, outputs = {};
  std::span<const OwnFeature> features = {};
  std::string_view slice = {};  // as Slices has it; empty: none
  std::string_view id = {};     // what a label will come with; empty: none will
};

class Monitor {
 public:
  // InvalidArgument for options out of range; LimitExceeded for learn beyond 1,000,000.
  static Result<std::unique_ptr<Monitor>> Create(MonitorOptions options);

  // A monitor that goes on where another one of the same model, profile and options was saved.
  // InvalidArgument where they are not the same, InvalidModel for an archive that was cut short.
  static Result<std::unique_ptr<Monitor>> Restore(MonitorOptions options, Archive& archive);
  // Appends what it knows, but for events and the trace.
  void Save(Archive& archive);

  // Whether Judge has anything to do for the request that comes next.
  bool Judges() const { return Rejects() || requests_ % options_.sample == 0; }
  // Reads the inputs of the request that comes next, best when they have just been written, so that
  // they need not be fetched from memory once more. DataQuality, with what is wrong, for inputs
  // that must not be run; they count as a sample of the slice.
  Status Judge(std::span<const NamedView> inputs, std::string_view slice = {});
  // Whether the next Observe reads its outputs; lets a caller skip work. One in `sample` does, and
  // those that a label will come for.
  bool Wants(std::string_view id) const { return requests_ % options_.sample == 0 || !id.empty(); }
  void Observe(const Request& request);
  // The truth about a request that had an id, as Accuracy::Feedback.
  Status Feedback(std::string_view id, const Accuracy::Label& label);
  // The times of one request; independent of Observe. `started_unix_ms`: NaN where it is not known.
  void RecordStages(const Timing& timing, std::string_view slice = {},
                    double started_unix_ms = kNever);
  // What the page did with the results of the latest good run, in ms.
  void RecordPostprocess(double ms) { latency_.RecordPostprocess(ms); }

  // Events since the last call, oldest first; at most 256 are kept, the newest win.
  std::vector<MonitorEvent> TakeEvents();
  std::string SnapshotJson() const;
  // `format`: "prometheus", "otlp-json", "chrome-trace" or "ticket"; InvalidArgument for another.
  Result<std::string> Export(std::string_view format, double now_unix_ms) const;
  // The profile given or learnt; InvalidArgument while there is none.
  Result<std::string> ExportProfileJson() const;
  // Forgets latency, counts, drift and what is being learnt; keeps a profile given or learnt.
  // `now_unix_ms`, `instance`: of the watch that begins anew.
  void Reset(double now_unix_ms = 0, std::string instance = {});

  // "off" (neither profile nor learn), "learning", or the state of the detector.
  std::string_view state() const;
  const LatencyTracker& latency() const { return latency_; }
  // nullptr while there is no profile.
  const DriftWatch* drift() const { return watch_ ? &*watch_ : nullptr; }

 private:
  static constexpr double kNever = std::numeric_limits<double>::quiet_NaN();

  // Of a tensor, input or output.
  struct Quality {
    uint64_t checked = 0, nan_values = 0, infinite_values = 0;
    std::array<uint64_t, kQualityIssues> times{};

    void Transfer(Archive& archive) { archive(checked, nan_values, infinite_values, times); }
  };
  // What an output was taken for, and how often each class won.
  struct Classes {
    OutputReading reading;
    std::vector<uint64_t> counts;

    void Transfer(Archive& archive) { archive(reading, counts); }
  };
  struct Judged {
    InputReading reading;
    QualityIssues issues;
  };

  explicit Monitor(MonitorOptions options);
  bool Rejects() const { return options_.quality == QualityMode::kReject; }
  Status StartWatch();
  void StartDrift(Slice& slice);
  // What another monitor must have been made with for its state to be of use.
  std::string Identity() const;
  void Transfer(Archive& archive);
  std::vector<Judged> ReadInputs(std::span<const NamedView> inputs);
  void CountQuality(std::string_view role, std::string_view name,
                    const TensorStatistics& statistics, QualityIssues issues);
  void CountSlice(Slice& slice, const std::vector<Judged>& judged);
  double CategoryValue(const OwnFeature& feature);
  void ReadClasses(const NamedView& output, std::string_view id, FeatureRow& features);
  void Learn(const FeatureRow& features);
  void Detect(DriftWatch& watch, const FeatureRow& features, std::string_view slice);
  void Emit(MonitorEventKind kind, std::string json);
  void EmitDrift(const DriftWatch& watch, std::string_view slice);
  void EmitRecovered(std::string_view key, std::string_view value, uint64_t sample,
                     uint64_t alarm_at);
  void EmitSlow();
  // null before the first.
  void WriteAlarm(JsonWriter& out, const DriftWatch& watch, std::string_view slice = {}) const;
  void WriteMoved(JsonWriter& out) const;
  void WriteWorst(JsonWriter& out) const;
  void WriteDrift(JsonWriter& out) const;
  void WriteQuality(JsonWriter& out) const;
  void WriteOutputs(JsonWriter& out) const;
  void WriteSlo(JsonWriter& out) const;
  void WriteSlices(JsonWriter& out) const;
  std::string PrometheusText() const;
  std::string OtlpJson(double now_unix_ms) const;
  std::string TicketJson(double now_unix_ms) const;

  MonitorOptions options_;
  LatencyTracker latency_;
  std::optional<BurnRate> burn_rate_;
  Trace trace_;
  std::optional<ProfileLearner> learner_;
  std::optional<DriftWatch> watch_;  // where there is a profile
  Accuracy accuracy_;
  QualityGate gate_;
  Slices slices_;
  std::map<std::string, std::vector<std::string>, std::less<>> categories_;  // by feature
  std::map<std::string, Quality, std::less<>> quality_;
  std::map<std::string, Classes, std::less<>> classes_;
  std::optional<std::vector<Judged>> judged_;  // of the request that comes next
  FeatureRow features_;                        // of the latest sample
  uint64_t requests_ = 0, samples_ = 0;        // observed, and of these watched
  std::vector<MonitorEvent> events_;
};

}  // namespace insitu
