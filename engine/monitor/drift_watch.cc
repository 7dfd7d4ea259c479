// From features by name to a row of the detector.
#include "monitor/drift_watch.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace insitu {

DriftWatch::DriftWatch(const ReferenceProfile& profile, EsrDetector detector)
    : detector_(std::move(detector)),
      thinning_(profile.features.size()),
      row_(profile.features.size()) {
  for (size_t k = 0; k < profile.features.size(); ++k) positions_[profile.features[k].name] = k;
}

Result<DriftWatch> DriftWatch::Create(const ReferenceProfile& profile,
                                      const DetectorOptions& options) {
  INSITU_ASSIGN(EsrDetector detector, EsrDetector::Create(profile, options));
  return DriftWatch(profile, std::move(detector));
}

Detector::Change DriftWatch::Update(std::span<const Feature> features) {
  std::ranges::fill(row_, std::nan(""));
  for (const Feature& feature : features)
    if (const auto at = positions_.find(feature.name); at != positions_.end())
      row_[at->second] = feature.value;
  return UpdateThinned(detector_, thinning_, row_);
}

void DriftWatch::Reset() {
  detector_.Reset();
  thinning_.Reset();
}

}  // namespace insitu
