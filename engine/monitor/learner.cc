// Collecting rows until there are enough.
#include "monitor/learner.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace insitu {

ProfileLearner::Step ProfileLearner::Add(const FeatureRow& features) {
  const auto finite = [](const Feature& f) { return std::isfinite(static_cast<float>(f.value)); };
  if (names_.empty() && features.size() > 0 && std::ranges::all_of(features, finite)) {
    for (const Feature& feature : features) names_.push_back(feature.name);
    if (auto allocated = Allocate(); !allocated) return Fail(allocated.error().message);
  }
  const size_t width = names_.size();
  bool usable = width > 0;
  for (size_t k = 0; k < width && usable; ++k) {
    const auto found = std::ranges::find(features, names_[k], &Feature::name);
    usable = found != features.end() && finite(*found);
    if (usable) rows_.As<float>()[have_ * width + k] = static_cast<float>(found->value);
  }
  if (!usable) {
    ++skipped_;
    return Step::kMore;
  }
  if (++have_ < need_) return Step::kMore;
  auto profile = ReferenceProfile::FromRows(std::as_const(rows_).As<float>(), names_);
  rows_ = {};
  if (!profile) return Fail(profile.error().message);
  profile_ = *std::move(profile);
  return Step::kDone;
}

void ProfileLearner::Transfer(Archive& archive) {
  std::vector<float> rows;
  if (!archive.reads() && rows_.data()) {
    const auto learnt = std::as_const(rows_).As<float>().first(have_ * names_.size());
    rows.assign(learnt.begin(), learnt.end());
  }
  archive(have_, skipped_, names_, failure_, rows);
  if (!archive.reads() || archive.failed() || rows.empty()) return;
  auto allocated = Allocate();
  if (!allocated || have_ > need_ || rows.size() != have_ * names_.size())
    return archive.MarkFailed();
  std::ranges::copy(rows, rows_.As<float>().begin());
}

Status ProfileLearner::Allocate() {
  INSITU_ASSIGN(rows_, Tensor::Allocate(DType::kFloat32, {static_cast<int64_t>(need_),
                                                          static_cast<int64_t>(names_.size())}));
  return {};
}

ProfileLearner::Step ProfileLearner::Fail(std::string failure) {
  failure_ = std::move(failure);
  rows_ = {};
  return Step::kFailed;
}

}  // namespace insitu
