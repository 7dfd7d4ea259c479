// Merging profiles, for example those that several devices learnt.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/compact_sort.h"
#include "monitor/profile.h"

namespace insitu {
namespace {

bool Alike(const FeatureProfile& a, const FeatureProfile& b) {
  const auto promise = [](const FeatureProfile& feature) {
    const Tolerance none{0, 0}, its = feature.tolerance.value_or(none);
    return std::pair(its.tail, its.share);
  };
  return a.name == b.name && a.categories == b.categories && promise(a) == promise(b);
}

struct WeightedKnot {
  float value;
  double weight;
};

// The smallest value with `level` of the weight at or below it, between values on a line.
float QuantileOf(std::span<const WeightedKnot> sorted, double level) {
  double below = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    // A knot stands in the middle of its weight.
    const double middle = below + sorted[i].weight / 2;
    if (middle >= level) {
      if (i == 0) return sorted[i].value;
      const double before = below - sorted[i - 1].weight / 2;
      return std::lerp(sorted[i - 1].value, sorted[i].value,
                       static_cast<float>((level - before) / (middle - before)));
    }
    below += sorted[i].weight;
  }
  return sorted.back().value;
}

FeatureProfile MergeFeature(std::span<const ReferenceProfile> profiles, size_t index,
                            double count) {
  FeatureProfile merged = profiles[0].features[index];
  std::vector<WeightedKnot> knots;
  double mean = 0;
  for (const ReferenceProfile& profile : profiles) {
    const FeatureProfile& feature = profile.features[index];
    const double share = static_cast<double>(profile.count) / count;
    for (float knot : feature.knots) knots.push_back({knot, share / kKnots});
    mean += share * feature.mean;
  }
  double variance = 0;
  for (const ReferenceProfile& profile : profiles) {
    const FeatureProfile& feature = profile.features[index];
    const double off = feature.mean - mean;
    variance +=
        static_cast<double>(profile.count) / count * (feature.std * feature.std + off * off);
  }
  CompactSort(knots, {}, &WeightedKnot::value);
  for (size_t i = 0; i < kKnots; ++i)
    merged.knots[i] = QuantileOf(knots, (static_cast<double>(i) + 0.5) / kKnots);
  merged.knots.front() = knots.front().value;
  merged.knots.back() = knots.back().value;
  merged.mean = mean;
  merged.std = std::sqrt(variance);
  return merged;
}

}  // namespace

Result<ReferenceProfile> ReferenceProfile::Merge(std::span<const ReferenceProfile> profiles) {
  if (profiles.empty()) return Fail(ErrorCode::kInvalidArgument, "there are no profiles to merge");
  ReferenceProfile merged = profiles[0];
  for (const ReferenceProfile& profile : profiles.subspan(1)) {
    if (!std::ranges::equal(profile.features, merged.features, Alike))
      return Fail(ErrorCode::kInvalidArgument,
                  "the profiles have other features, tolerances or categories",
                  "Merge profiles of the same model that were made in the same way.");
    merged.count += profile.count;
    if (profile.model_sha256 != merged.model_sha256) merged.model_sha256.clear();
    // Of calibrations the one that more labels stand behind.
    const auto labels = [](const ReferenceProfile& of) {
      return of.accuracy ? of.accuracy->count : 0;
    };
    if (labels(profile) > labels(merged)) merged.accuracy = profile.accuracy;
  }
  for (size_t k = 0; k < merged.features.size(); ++k)
    merged.features[k] = MergeFeature(profiles, k, static_cast<double>(merged.count));
  return merged;
}

}  // namespace insitu
