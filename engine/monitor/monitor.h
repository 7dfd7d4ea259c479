// Monitor: the watch of one session. It is handed what the session sees and keeps counts,
// histograms and a detector; it never keeps inputs and never sends anything.
// Invariant: a failing watch never fails a run: Observe has no error, trouble becomes an event.
// The JSON of snapshots and events is described in docs/monitoring.md.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/tensor.h"
#include "monitor/esr.h"
#include "monitor/features.h"
#include "monitor/latency.h"
#include "monitor/output_features.h"
#include "monitor/profile.h"
#include "monitor/thinning.h"

namespace insitu {

struct MonitorOptions {
  std::optional<ReferenceProfile> profile = {};  // what inputs should look like
  uint64_t learn = 0;  // without a profile: learn one from the first N samples, >= 2,000
  double false_alarm_every = 10'000;
  uint64_t sample = 1;            // watch one input in N
  double clock_step_ms = 0;       // of the clock behind StageTimes
  std::string model_sha256 = {};  // hex; compared with the profile's and written into exported ones
  uint64_t seed = DetectorOptions{}.seed;
};

enum class MonitorEventKind : uint8_t { kDrift, kRecovered, kProfile, kQuality };
// The JavaScript event type: "drift", "recovered", "profile", "quality".
std::string_view Name(MonitorEventKind kind);

struct MonitorEvent {
  MonitorEventKind kind;
  std::string json;  // the event's detail, an object
};

class Monitor {
 public:
  // InvalidArgument for options out of range; LimitExceeded for learn beyond 1,000,000.
  static Result<std::unique_ptr<Monitor>> Create(MonitorOptions options);

  // Whether the next Observe reads its tensors (one in `sample` does); lets a caller skip work.
  bool WantsNext() const { return requests_ % options_.sample == 0; }
  // One finished request. Views are read before the call returns and not kept.
  void Observe(std::span<const NamedView> inputs, std::span<const NamedView> outputs);
  // The times of one request, finished or failed; independent of Observe.
  void RecordStages(const StageTimes& times, Outcome outcome = std::nullopt);

  // Events since the last call, oldest first; at most 256 are kept, the newest win.
  std::vector<MonitorEvent> TakeEvents();
  std::string SnapshotJson() const;
  // The profile given or learnt; InvalidArgument while there is none.
  Result<std::string> ExportProfileJson() const;
  // Forgets latency, counts, drift and what is being learnt; keeps a profile given or learnt.
  void Reset();

  // "off" (neither profile nor learn), "learning", or the state of the detector.
  std::string_view state() const;
  const LatencyTracker& latency() const { return latency_; }

 private:
  struct Quality {
    uint64_t checked = 0, nan_samples = 0, infinite_samples = 0, constant_samples = 0;
    uint64_t nan_values = 0, infinite_values = 0;
  };
  // What an output was taken for, and how often each class won.
  struct Classes {
    OutputReading reading;
    std::vector<uint64_t> counts;
  };
  explicit Monitor(MonitorOptions options);
  Status StartDetector();
  void CheckQuality(std::string_view role, std::string_view name,
                    const TensorStatistics& statistics);
  void ReadClasses(const NamedView& output, std::vector<Feature>& features);
  void Learn(std::span<const Feature> features);
  void Detect(std::span<const Feature> features);
  void Emit(MonitorEventKind kind, std::string json);
  void EmitDrift();
  void StopLearning(std::string failure);
  void WriteDrift(JsonWriter& out) const;
  void WriteQuality(JsonWriter& out) const;
  void WriteOutputs(JsonWriter& out) const;

  MonitorOptions options_;
  LatencyTracker latency_;
  std::optional<EsrDetector> detector_;
  std::optional<Thinning> thinning_;  // where there is a detector
  std::map<std::string, Quality, std::less<>> quality_;
  std::map<std::string, Classes, std::less<>> classes_;
  uint64_t requests_ = 0, samples_ = 0;  // observed, and of these watched
  // Learning: a float32 tensor of learn x learn_names_.size(), of which learnt_ rows are filled.
  Tensor learn_rows_;
  std::vector<std::string> learn_names_;
  uint64_t learnt_ = 0, learn_skipped_ = 0;
  std::string learn_failure_;
  std::map<std::string, size_t, std::less<>> positions_;  // of features in the profile
  std::vector<double> row_;                               // scratch of Detect
  std::vector<MonitorEvent> events_;
};

}  // namespace insitu
