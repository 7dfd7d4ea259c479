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

Detector::Change DriftWatch::Update(const FeatureRow& features) {
  std::ranges::fill(row_, std::nan(""));
  if (latest_.size() < features.size()) latest_.resize(features.size());
  for (size_t i = 0; i < features.size(); ++i) {
    const auto& [name, value] = features[i];
    if (!latest_[i] || latest_[i]->first != name) {
      const auto found = positions_.find(name);
      latest_[i] = found == positions_.end() ? nullptr : &*found;
    }
    if (latest_[i]) row_[latest_[i]->second] = value;
  }
  return UpdateThinned(detector_, thinning_, row_);
}

void DriftWatch::Reset() {
  detector_.Reset();
  thinning_.Reset();
}

}  // namespace insitu
