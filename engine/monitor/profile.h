// ReferenceProfile: what the features of in-distribution inputs look like, as 256 quantiles each.
// Invariant: a profile that exists is valid: finite ascending knots, unique names, count >= 256.
// The JSON form ("insitu-profile", version 1) is described in docs/monitoring.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "monitor/calibration.h"

namespace insitu {

inline constexpr size_t kKnots = 256;
inline constexpr uint64_t kMinimumProfileRows = 256;
inline constexpr uint64_t kMinimumLearnRows = 2'000;
// Profiles of fewer rows raise the alarm level by kShortProfileFactor.
inline constexpr uint64_t kFullProfileRows = 10'000;
inline constexpr double kShortProfileFactor = 2.5;

// The promise of a feature whose single sources are narrower than, and shifted against, the
// population: at most `share` of the values of any in-distribution source lie beyond the profile's
// outer `tail` quantile on either side.
struct Tolerance {
  double tail = 0.01;  // in (0, 0.5)
  double share = 0.1;  // in (0, 1]; 1 promises nothing, and nothing is bet
};

struct FeatureProfile {
  std::string name;
  // Knot i is the quantile at level (i + 0.5) / 256; knot 0 is the minimum, knot 255 the maximum.
  // Single precision, so that values on a lattice (shares) tie exactly.
  std::array<float, kKnots> knots{};
  double mean = 0;
  double std = 0;  // population standard deviation
  std::optional<Tolerance> tolerance;
  // Of a feature whose values are words: value i stands for categories[i], and a value as large as
  // their number for any other word.
  std::vector<std::string> categories;
};

struct ValueRange {
  double low = 0, high = 0;
};

// What is declared of an input's quality: values beyond the range are an issue, whatever the
// profile says, and issues that are ignored are none.
struct QualityRule {
  std::string input;
  std::optional<ValueRange> range;
  std::vector<std::string> ignore;  // names of quality.h
};

// What an output is declared to hold: a name of output_features.h.
struct OutputRule {
  std::string output, kind;
};

struct ReferenceProfile {
  std::string model_sha256;  // 64 hex digits of the model it was made with; empty: none
  uint64_t count = 0;        // rows it was made from
  std::vector<FeatureProfile> features;
  std::vector<QualityRule> quality;
  std::vector<OutputRule> outputs;
  std::optional<Calibration> accuracy;  // of a classifier

  // InvalidArgument with the member that is wrong; LimitExceeded beyond 4,096 features or 8 MB.
  static Result<ReferenceProfile> FromJson(std::string_view text);
  // From `rows`: n x names.size(), row-major. InvalidArgument for fewer than 256 rows, a size that
  // is no multiple, no, repeated or empty names, or a value that is not finite.
  static Result<ReferenceProfile> FromRows(std::span<const float> rows,
                                           std::span<const std::string> names);
  // The profile of the rows of all of them: moments exactly, knots from theirs, weighted by the
  // rows behind them. What is declared comes from the first; the model where all name the same.
  // InvalidArgument for none, and where features, tolerances or categories differ.
  static Result<ReferenceProfile> Merge(std::span<const ReferenceProfile> profiles);
  std::string ToJson() const;
};

}  // namespace insitu
