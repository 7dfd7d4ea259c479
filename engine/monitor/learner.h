// ProfileLearner: a profile from the first samples of a stream, taken as good.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "monitor/features.h"
#include "monitor/profile.h"

namespace insitu {

class ProfileLearner {
 public:
  enum class Step : uint8_t { kMore, kDone, kFailed };

  explicit ProfileLearner(uint64_t need) : need_(need) {}

  // The first sample whose features are all finite decides on them; samples that lack one of them,
  // or in which one is not finite, are skipped. What others have besides is passed over.
  Step Add(const FeatureRow& features);
  // What was learnt so far, of a learner that needs as many.
  void Transfer(Archive& archive);
  // After kDone.
  ReferenceProfile TakeProfile() { return std::move(profile_); }

  uint64_t have() const { return have_; }
  uint64_t need() const { return need_; }
  uint64_t skipped() const { return skipped_; }
  const std::vector<std::string>& names() const { return names_; }
  // Why learning ended without a profile, after kFailed.
  const std::string& failure() const { return failure_; }

 private:
  Status Allocate();
  Step Fail(std::string failure);

  uint64_t need_, have_ = 0, skipped_ = 0;
  Tensor rows_;  // float32 [need, names]
  std::vector<std::string> names_;
  std::string failure_;
  ReferenceProfile profile_;
};

}  // namespace insitu
