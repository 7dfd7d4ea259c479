// Histogram of times: OpenTelemetry's base-2 exponential histogram at the fixed scale 5, in
// seconds: bucket i holds (2^(i/32), 2^((i+1)/32)], 1 us to 64 s, in about 3.3 KB.
// Invariant: a quantile is within 1.09 % of a recorded time of that rank; Merge of two equals the
// histogram of both streams, bucket for bucket. See docs/monitoring.md.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/archive.h"
#include "base/error.h"
#include "base/json.h"

namespace insitu {

class Histogram {
 public:
  static constexpr int kScale = 5;
  static constexpr int kFirstIndex = -638;  // holds 1 us
  static constexpr int kLastIndex = 191;    // ends at 64 s
  static constexpr size_t kBuckets = kLastIndex - kFirstIndex + 1;

  // Times below `clock_step_ms` cannot be told from zero: they are counted as `below_step` only.
  explicit Histogram(double clock_step_ms = 0);

  // Ignores NaN; negative times count as below the step, times over 64 s as `overflow`.
  void Record(double ms);
  // Exact for equal clock steps. Otherwise the coarser step wins: buckets that lie below it are
  // added to below_step.
  void Merge(const Histogram& other);
  void Reset();

  uint64_t count() const { return count_; }
  uint64_t below_step() const { return below_step_; }
  uint64_t overflow() const { return overflow_; }
  double clock_step_ms() const { return clock_step_ms_; }
  double sum_ms() const { return sum_ms_; }
  std::optional<double> min_ms() const;
  std::optional<double> max_ms() const;
  // Bucket counts; position k is index kFirstIndex + k.
  const std::array<uint32_t, kBuckets>& buckets() const { return buckets_; }

  // The time in ms of rank ceil(q * count); 0 means below the clock step. nullopt for q outside
  // [0, 1] and until MinimumSamples(q) were recorded.
  std::optional<double> Quantile(double q) const;
  // MLPerf's rule, 99 % confidence: p50 8, p90 64, p95 130, p99 662.
  static uint64_t MinimumSamples(double q);

  // {"scale":5,"clockStepMs":..,"count":..,"belowStep":..,"overflow":..,"sumMs":..,"minMs":..,
  //  "maxMs":..,"offset":first index,"buckets":[..]}, without empty buckets at either end.
  void WriteJson(JsonWriter& out) const;
  std::string ToJson() const;
  // InvalidArgument for anything ToJson could not have written.
  static Result<Histogram> FromJson(std::string_view text);
  // What is read is merged into a histogram of this clock step.
  void Transfer(Archive& archive);

 private:
  double clock_step_ms_ = 0;
  uint64_t count_ = 0, below_step_ = 0, overflow_ = 0;
  double sum_ms_ = 0, min_ms_ = 0, max_ms_ = 0;
  std::array<uint32_t, kBuckets> buckets_{};
};

}  // namespace insitu
