// The JSON of a reference profile. Invariant checked: what is read is valid, and reads the same
// when it was written again; merged with itself it has twice the rows.
#include <algorithm>
#include <cmath>

#include "fuzz/targets.h"
#include "monitor/profile.h"

namespace insitu::test {

void FuzzProfile(FuzzBytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto profile = ReferenceProfile::FromJson(text);
  if (!profile) return RequireTyped(profile.error());
  Require(profile->count >= kMinimumProfileRows, "too few rows");
  for (const FeatureProfile& feature : profile->features) {
    Require(std::ranges::is_sorted(feature.knots), "knots descend");
    Require(std::ranges::all_of(feature.knots, [](float knot) { return std::isfinite(knot); }) &&
                std::isfinite(feature.mean) && std::isfinite(feature.std),
            "a number that is not finite");
  }
  const std::string written = profile->ToJson();
  const auto again = ReferenceProfile::FromJson(written);
  Require(again.has_value(), again ? "" : ToString(again.error()));
  Require(again->ToJson() == written, "reads otherwise");
  const ReferenceProfile twice[] = {*profile, *again};
  const auto merged = ReferenceProfile::Merge(twice);
  if (!merged) return RequireTyped(merged.error());
  Require(merged->count == 2 * profile->count, "rows are lost");
}

}  // namespace insitu::test
