// Slices: the same watch for parts of the requests, as the caller names them ("device=phone").
// Invariant: at most kMaximumSlices are kept; requests of later ones count as "other".
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/drift_watch.h"
#include "monitor/histogram.h"
#include "monitor/quality.h"

namespace insitu {

struct Slice {
  Slice(std::string_view the_name, double clock_step_ms)
      : name(the_name), infer(clock_step_ms), total(clock_step_ms) {}

  std::string name;
  uint64_t requests = 0, failures = 0;
  Histogram infer, total;                // of all good requests but the session's first
  uint64_t judged = 0, with_issues = 0;  // samples
  std::array<uint64_t, kQualityIssues> issues{};
  std::optional<DriftWatch> drift;  // where there is a profile

  // All but the name; `drift` is there where it was.
  void Transfer(Archive& archive) {
    archive(requests, failures, infer, total, judged, with_issues, issues);
    if (drift) archive(*drift);
  }
};

class Slices {
 public:
  static constexpr size_t kMaximumSlices = 16, kLongestName = 128;

  explicit Slices(double clock_step_ms) : clock_step_ms_(clock_step_ms) {}

  // Made where it is new; nullptr for an empty name.
  Slice* For(std::string_view name);
  std::span<const std::unique_ptr<Slice>> all() const { return slices_; }
  void Reset() { slices_.clear(); }

  // By name, where one stands out; empty: none does, or too little is known.
  // The largest p95 of the total among those that have one.
  std::string_view Slowest() const;
  // One that drifts, the earliest alarm first; else the one nearest to an alarm, if at least half
  // way.
  std::string_view Strangest() const;
  // The largest share of samples with issues, of 20 samples and more.
  std::string_view Poorest() const;

 private:
  double clock_step_ms_;
  std::vector<std::unique_ptr<Slice>> slices_;
};

}  // namespace insitu
