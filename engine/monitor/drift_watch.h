// DriftWatch: the detector of one stream of samples, with what it needs to read them: where each
// feature stands in the profile, and which samples are far enough apart.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "monitor/esr.h"
#include "monitor/features.h"
#include "monitor/profile.h"
#include "monitor/thinning.h"

namespace insitu {

class DriftWatch {
 public:
  // As EsrDetector::Create.
  static Result<DriftWatch> Create(const ReferenceProfile& profile, const DetectorOptions& options);

  // Features that the profile does not have are passed over; those that are absent are no
  // observations.
  Detector::Change Update(const FeatureRow& features);
  void Reset();
  void Transfer(Archive& archive) { archive(detector_, thinning_); }

  const EsrDetector& detector() const { return detector_; }
  const Thinning& thinning() const { return thinning_; }

 private:
  DriftWatch(const ReferenceProfile& profile, EsrDetector detector);

  EsrDetector detector_;
  Thinning thinning_;
  // Of features in the profile, and what the latest sample's were found to be: these are looked at
  // first.
  using Positions = std::map<std::string, size_t, std::less<>>;
  Positions positions_;
  std::vector<const Positions::value_type*> latest_;
  std::vector<double> row_;  // scratch
};

}  // namespace insitu
