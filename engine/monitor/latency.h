// Latency of a session: one histogram per stage, the first (cold) run apart from the warm ones, and
// failures counted by kind.
// Invariant: failed requests never enter a histogram.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "monitor/histogram.h"

namespace insitu {

enum class Stage : uint8_t { kQueue, kCopyIn, kInfer, kCopyOut, kTotal };
inline constexpr size_t kStages = 5;
// "queue", "copyIn", "infer", "copyOut", "total".
std::string_view Name(Stage stage);

// Milliseconds of each stage of one request; NaN where a stage was not measured.
struct StageTimes {
  StageTimes() { ms.fill(std::numeric_limits<double>::quiet_NaN()); }
  double& operator[](Stage stage) { return ms[static_cast<size_t>(stage)]; }
  double operator[](Stage stage) const { return ms[static_cast<size_t>(stage)]; }
  std::array<double, kStages> ms;
};

// How a request ended; nullopt is success.
using Outcome = std::optional<ErrorCode>;

// {"count","belowStep","minMs","meanMs","maxMs","p50","p90","p95","p99","need"}: percentiles in ms
// or null, and then "need" says how many samples each withheld one wants.
void WriteLatency(JsonWriter& out, const Histogram& histogram);

class LatencyTracker {
 public:
  explicit LatencyTracker(double clock_step_ms);

  // The first success after construction or Reset is the cold run.
  void Record(const StageTimes& times, Outcome outcome);
  void Reset();

  const Histogram& cold(Stage stage) const { return cold_[static_cast<size_t>(stage)]; }
  const Histogram& warm(Stage stage) const { return warm_[static_cast<size_t>(stage)]; }
  uint64_t failures(ErrorCode code) const { return failures_[static_cast<size_t>(code)]; }
  uint64_t requests() const { return requests_; }
  uint64_t successes() const { return successes_; }

  // {"clockStepMs","requests","failures":{"Cancelled":1,..},"cold":{"infer":{..},..},"warm":{..}},
  // stages as WriteLatency has them.
  void WriteJson(JsonWriter& out) const;

 private:
  static constexpr size_t kErrorCodes = static_cast<size_t>(ErrorCode::kInternal) + 1;
  uint64_t requests_ = 0, successes_ = 0;
  std::array<Histogram, kStages> cold_, warm_;
  std::array<uint64_t, kErrorCodes> failures_{};
};

}  // namespace insitu
