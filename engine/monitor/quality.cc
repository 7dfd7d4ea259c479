// Reading inputs and judging them.
#include "monitor/quality.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace insitu {
namespace {

constexpr double kMargin = 0.25;       // standard deviations beyond the extremes
constexpr double kRangeMargin = 0.1;   // of the profile's whole range
constexpr double kOtherScale = 3;      // times the profile's extreme spread
constexpr double kMoreClipped = 0.05;  // share beyond 99 % of the profile
constexpr double kMuchBlurred = 0.5;   // of the sharpness of the profile's first percent
constexpr double kFarOff = 10;         // squared distance of two features, in standard deviations
constexpr double kNearer = 0.4;        // of that distance
constexpr int kFrozenAfter = 3;
constexpr size_t kDigestElements = 256;

constexpr std::array<std::string_view, kQualityIssues> kNames = {
    "nan",  "infinite",    "constant", "range",    "scale", "clipped",
    "dark", "overexposed", "blurred",  "channels", "frozen"};

uint64_t Mix(uint64_t digest, uint64_t value) { return (digest ^ value) * 0x100000001b3; }

// As FNV-1a, over elements an odd number apart, so that they lie in all columns.
uint64_t Digest(const TensorView& view) {
  uint64_t digest = 0xcbf29ce484222325;
  const size_t bytes = view.size_bytes(), width = bytes / static_cast<size_t>(view.elements());
  const size_t elements = bytes / width,
               step = (elements + kDigestElements - 1) / kDigestElements | 1;
  for (size_t i = 0; i < elements; i += step) {
    uint64_t element = 0;  // of 8 bytes at most
    std::memcpy(&element, view.data + i * width, width);
    digest = Mix(digest, element);
  }
  return digest;
}

void Set(QualityIssues& issues, QualityIssue issue, bool is_so = true) {
  if (is_so) issues.set(static_cast<size_t>(issue));
}

}  // namespace

std::string_view Name(QualityIssue issue) { return kNames[static_cast<size_t>(issue)]; }

std::optional<QualityIssue> QualityIssueOf(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<QualityIssue>(found - kNames.begin());
}

std::string ToString(QualityIssues issues) {
  std::string text;
  for (size_t i = 0; i < kQualityIssues; ++i) {
    if (!issues[i]) continue;
    if (!text.empty()) text += ", ";
    text += kNames[i];
  }
  return text;
}

std::optional<InputReading> ReadInput(const NamedView& input, bool compares,
                                      std::optional<size_t> turn) {
  if (!HasStatistics(input.view.dtype)) return std::nullopt;
  InputReading reading;
  reading.name = input.name;
  reading.statistics = ComputeStatistics(input.view, turn);
  reading.geometry = ImageGeometryOf(input.view);
  if (reading.geometry) {
    if (compares) reading.image = ComputeImageFeatures(input.view, *reading.geometry);
    reading.digest = Digest(input.view);
    const TensorStatistics& of = reading.statistics;
    for (double statistic : {reading.image.brightness, reading.image.sharpness})
      reading.digest = Mix(reading.digest, std::bit_cast<uint64_t>(statistic));
    // Those of a turn differ although the image is the same.
    if (turn) return reading;
    for (double statistic : {of.mean, of.spread, of.min, of.max})
      reading.digest = Mix(reading.digest, std::bit_cast<uint64_t>(statistic));
  }
  return reading;
}

void QualityGate::Use(const ReferenceProfile& profile) {
  bounds_.clear();
  for (const FeatureProfile& feature : profile.features) {
    const auto& knots = feature.knots;
    const double margin = kMargin * feature.std;
    const auto quantile = [&](double level) {
      return static_cast<double>(knots[static_cast<size_t>(level * kKnots)]);
    };
    bounds_[feature.name] = {
        quantile(0),    quantile(0) - margin, static_cast<double>(knots.back()) + margin,
        quantile(0.01), quantile(0.1),        quantile(0.99),
        feature.mean,   feature.std};
  }
  rules_ = profile.quality;
}

const QualityGate::Bounds* QualityGate::Find(std::string_view name, std::string_view suffix) const {
  const auto found = bounds_.find(std::string(name).append(suffix));
  return found == bounds_.end() ? nullptr : &found->second;
}

QualityIssues QualityGate::Judge(const InputReading& input) {
  QualityIssues issues = JudgeValues(input);
  if (input.geometry) {
    issues |= JudgeImage(input);
    auto entry = seen_.find(input.name);
    if (entry == seen_.end()) entry = seen_.emplace(std::string(input.name), Seen()).first;
    Seen& seen = entry->second;
    seen.times = seen.digest == input.digest ? seen.times + 1 : 1;
    seen.digest = input.digest;
    Set(issues, QualityIssue::kFrozen, seen.times >= kFrozenAfter);
  }
  for (const QualityRule& rule : rules_) {
    if (rule.input != input.name) continue;
    if (rule.range)
      issues.set(static_cast<size_t>(QualityIssue::kRange),
                 input.statistics.min < rule.range->low || input.statistics.max > rule.range->high);
    for (const std::string& ignored : rule.ignore)
      if (const auto issue = QualityIssueOf(ignored)) issues.reset(static_cast<size_t>(*issue));
  }
  return issues;
}

QualityIssues QualityGate::JudgeValues(const InputReading& input) const {
  const TensorStatistics& values = input.statistics;
  QualityIssues issues;
  Set(issues, QualityIssue::kNan, values.nans > 0);
  Set(issues, QualityIssue::kInfinite, values.infinities > 0);
  const Bounds* spread = Find(input.name, ".spread");
  Set(issues, QualityIssue::kConstant, values.constant && !(spread && spread->least <= 0));
  if (values.constant || std::isnan(values.mean)) return issues;
  const Bounds *low = Find(input.name, ".min"), *high = Find(input.name, ".max");
  if (low && high) {
    const double margin = kRangeMargin * (high->high - low->low);
    Set(issues, QualityIssue::kRange,
        values.min < low->low - margin || values.max > high->high + margin);
    // Never below zero, where the profile always is.
    Set(issues, QualityIssue::kScale, values.min >= 0 && low->high < 0);
  }
  if (spread && spread->low > 0)
    Set(issues, QualityIssue::kScale,
        values.spread > kOtherScale * spread->high || values.spread * kOtherScale < spread->low);
  if (const Bounds* clipped = Find(input.name, ".saturation_share"))
    Set(issues, QualityIssue::kClipped, values.saturation_share > clipped->q99 + kMoreClipped);
  return issues;
}

QualityIssues QualityGate::JudgeImage(const InputReading& input) const {
  QualityIssues issues;
  if (!std::isfinite(input.image.brightness) || input.statistics.constant) return issues;
  Set(issues, QualityIssue::kDark, LooksDark(input));
  Set(issues, QualityIssue::kOverexposed, LooksOverexposed(input));
  if (const Bounds* sharpness = Find(input.name, ".sharpness"))
    Set(issues, QualityIssue::kBlurred, input.image.sharpness < kMuchBlurred * sharpness->q01);
  if (input.geometry->channels >= 3)
    Set(issues, QualityIssue::kChannels, LooksSwapped(input.name, input.image));
  return issues;
}

// Darker than nearly all of the profile, without contrast and without lights; or darker than all.
bool QualityGate::LooksDark(const InputReading& input) const {
  const Bounds* brightness = Find(input.name, ".brightness");
  const Bounds *contrast = Find(input.name, ".contrast"), *high = Find(input.name, ".max");
  if (!brightness) return false;
  if (input.image.brightness < brightness->low) return true;
  return contrast && high && input.image.brightness < brightness->q01 &&
         input.image.contrast < contrast->q10 && input.statistics.max < high->q10;
}

// Brighter than nearly all of the profile, with more at the limit; or brighter than all.
bool QualityGate::LooksOverexposed(const InputReading& input) const {
  const Bounds* brightness = Find(input.name, ".brightness");
  const Bounds* saturated = Find(input.name, ".saturation_share");
  if (!brightness) return false;
  if (input.image.brightness > brightness->high) return true;
  return saturated && input.image.brightness > brightness->q99 &&
         input.statistics.saturation_share > saturated->q99;
}

// Far from the profile as it is, and much nearer with its first and third channel exchanged.
bool QualityGate::LooksSwapped(std::string_view name, const ImageFeatures& image) const {
  const Bounds *first = Find(name, ".balance01"), *second = Find(name, ".balance12");
  if (!first || !second || !(first->std > 0) || !(second->std > 0)) return false;
  const auto distance = [&](double a, double b) {
    const double x = (a - first->mean) / first->std, y = (b - second->mean) / second->std;
    return x * x + y * y;
  };
  const double off = distance(image.balance[0], image.balance[1]);
  return off > kFarOff && distance(-image.balance[1], -image.balance[0]) < kNearer * off;
}

}  // namespace insitu
