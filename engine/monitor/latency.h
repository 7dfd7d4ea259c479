// Latency of a session: one histogram per stage, the first (cold) run and those of hidden pages,
// which browsers slow down, apart from the warm ones; warm inference by batch; failures by kind.
// Invariant: failed requests never enter a histogram.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "monitor/histogram.h"

namespace insitu {

// kPreprocess and kPostprocess are the page's own work before and after.
enum class Stage : uint8_t { kQueue, kPreprocess, kCopyIn, kInfer, kCopyOut, kPostprocess, kTotal };
inline constexpr size_t kStages = 7;
// "queue", "preprocess", "copyIn", "infer", "copyOut", "postprocess", "total".
std::string_view Name(Stage stage);

// What a good request is counted as.
enum class Phase : uint8_t { kCold, kWarm, kHidden };
inline constexpr size_t kPhases = 3;
// "cold", "warm", "hidden".
std::string_view Name(Phase phase);

// Milliseconds of each stage of one request; NaN where a stage was not measured.
struct StageTimes {
  StageTimes() { ms.fill(std::numeric_limits<double>::quiet_NaN()); }
  double& operator[](Stage stage) { return ms[static_cast<size_t>(stage)]; }
  double operator[](Stage stage) const { return ms[static_cast<size_t>(stage)]; }
  std::array<double, kStages> ms;
};

// How a request ended; nullopt is success.
using Outcome = std::optional<ErrorCode>;

// One request, finished or failed.
struct Timing {
  StageTimes times = {};
  Outcome outcome = {};
  bool hidden = false;  // the page was, when it asked
  int64_t batch = 1;    // extent of the first dim of the first input that has two or more
};

// {"count","belowStep","minMs","meanMs","maxMs","p50","p90","p95","p99","need"}: percentiles in ms
// or null, and then "need" says how many samples each withheld one wants.
void WriteLatency(JsonWriter& out, const Histogram& histogram);

class LatencyTracker {
 public:
  static constexpr size_t kMaximumBatches = 8;

  explicit LatencyTracker(double clock_step_ms);

  // The first success after construction or Reset is the cold run, whatever was transferred.
  void Record(const Timing& timing);
  // What the page did with the results of the latest good run.
  void RecordPostprocess(double ms);
  void Reset();
  void Transfer(Archive& archive) {
    archive(requests_, successes_, histograms_, latest_, batches_, failures_);
    for (auto& [batch, histogram] : batches_) {
      Histogram read = std::exchange(histogram, Histogram(clock_step_ms()));
      histogram.Merge(read);
    }
  }
  // Whether a success that comes next is the cold run, the first of this engine.
  bool is_cold() const { return cold_; }

  double clock_step_ms() const { return of(Phase::kCold, Stage::kTotal).clock_step_ms(); }
  const Histogram& of(Phase phase, Stage stage) const {
    return histograms_[static_cast<size_t>(phase)][static_cast<size_t>(stage)];
  }
  // Calls visit(phase, stage, histogram) for each histogram that has samples.
  template <class Visit>
  void ForEach(const Visit& visit) const {
    for (size_t phase = 0; phase < kPhases; ++phase)
      for (size_t stage = 0; stage < kStages; ++stage)
        if (const Histogram& histogram = histograms_[phase][stage]; histogram.count() > 0)
          visit(static_cast<Phase>(phase), static_cast<Stage>(stage), histogram);
  }
  // Warm inference of pages in sight by batch, the first kMaximumBatches that were seen.
  const std::map<int64_t, Histogram>& batches() const { return batches_; }
  uint64_t failures(ErrorCode code) const { return failures_[static_cast<size_t>(code)]; }
  uint64_t requests() const { return requests_; }

  // Within an object: "clockStepMs","requests","failures":{"Cancelled":1,..},
  // "cold":{"infer":{..},..},"warm":{..},"hidden":{..},"batches":{"1":{..},..}; stages as
  // WriteLatency has them.
  void WriteJson(JsonWriter& out) const;

 private:
  static constexpr size_t kErrorCodes = static_cast<size_t>(ErrorCode::kInternal) + 1;
  bool cold_ = true;
  uint64_t requests_ = 0, successes_ = 0;
  std::array<std::array<Histogram, kStages>, kPhases> histograms_;
  Phase latest_ = Phase::kCold;  // of the latest good run
  std::map<int64_t, Histogram> batches_;
  std::array<uint64_t, kErrorCodes> failures_{};
};

}  // namespace insitu
