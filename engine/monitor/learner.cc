// Collecting rows until there are enough.
#include "monitor/learner.h"

#include <algorithm>
#include <cmath>
#include <cstring>
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
  archive(have_, skipped_, names_, failure_);
  const size_t size = have_ * names_.size() * sizeof(float);
  std::span<const std::byte> rows;
  if (!archive.reads() && rows_.data()) rows = {std::as_const(rows_).data(), size};
  archive.Blob(rows);
  if (!archive.reads() || archive.failed() || rows.empty()) return;
  if (have_ > need_ || rows.size() != size || !Allocate()) return archive.MarkFailed();
  std::memcpy(rows_.data(), rows.data(), size);
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
