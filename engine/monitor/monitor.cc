// The flow of one watched sample: statistics, quality, features, then learning or detection.
#include "monitor/monitor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "monitor/image_features.h"

namespace insitu {
namespace {

constexpr size_t kMaximumEvents = 256;
constexpr size_t kMaximumClasses = 4096;
constexpr uint64_t kMaximumLearnRows = 1'000'000;

}  // namespace

std::string_view Name(MonitorEventKind kind) {
  switch (kind) {
    case MonitorEventKind::kDrift:
      return "drift";
    case MonitorEventKind::kRecovered:
      return "recovered";
    case MonitorEventKind::kProfile:
      return "profile";
    case MonitorEventKind::kQuality:
      return "quality";
  }
  return "quality";
}

Monitor::Monitor(MonitorOptions options)
    : options_(std::move(options)), latency_(options_.clock_step_ms) {}

Result<std::unique_ptr<Monitor>> Monitor::Create(MonitorOptions options) {
  if (options.sample == 0)
    return Fail(ErrorCode::kInvalidArgument, "the monitor's sample must be 1 or more",
                "1 watches every input, N one in N.");
  if (!options.profile && options.learn != 0 && options.learn < kMinimumLearnRows)
    return Fail(ErrorCode::kInvalidArgument,
                "learning a profile from " + std::to_string(options.learn) +
                    " inputs is too few to tell drift from chance",
                "Learn from 2,000 inputs or more; 10,000 give full accuracy.");
  if (options.learn > kMaximumLearnRows)
    return Fail(ErrorCode::kLimitExceeded, "a profile is learnt from 1,000,000 inputs at most");
  // Options are judged before learning, not after it.
  if (!(options.false_alarm_every >= 10 && options.false_alarm_every <= 1e12))
    return Fail(ErrorCode::kInvalidArgument, "falseAlarmEvery must be from 10 to 1e12 samples");
  std::unique_ptr<Monitor> monitor(new Monitor(std::move(options)));
  if (monitor->options_.profile) INSITU_TRY(monitor->StartDetector());
  return monitor;
}

Status Monitor::StartDetector() {
  const ReferenceProfile& profile = *options_.profile;
  INSITU_ASSIGN(detector_,
                EsrDetector::Create(profile, {options_.false_alarm_every, options_.seed}));
  thinning_.emplace(profile.features.size());
  row_.resize(profile.features.size());
  positions_.clear();
  for (size_t k = 0; k < profile.features.size(); ++k) positions_[profile.features[k].name] = k;
  return {};
}

std::string_view Monitor::state() const {
  if (detector_) return Name(detector_->state());
  return options_.learn > 0 && learn_failure_.empty() ? "learning" : "off";
}

void Monitor::Observe(std::span<const NamedView> inputs, std::span<const NamedView> outputs) {
  if (requests_++ % options_.sample != 0) return;
  ++samples_;
  std::vector<Feature> features;
  for (const NamedView& input : inputs) {
    if (!HasStatistics(input.view.dtype)) continue;
    const TensorStatistics statistics = ComputeStatistics(input.view);
    CheckQuality("input", input.name, statistics);
    AppendInputFeatures(input.name, statistics, features);
    if (const auto geometry = ImageGeometryOf(input.view))
      AppendImageFeatures(input.name, ComputeImageFeatures(input.view, *geometry), *geometry,
                          features);
  }
  for (const NamedView& output : outputs) {
    if (!HasStatistics(output.view.dtype)) continue;
    CheckQuality("output", output.name, ComputeStatistics(output.view));
    ReadClasses(output, features);
  }
  if (detector_)
    Detect(features);
  else if (state() == "learning")
    Learn(features);
}

void Monitor::ReadClasses(const NamedView& output, std::vector<Feature>& features) {
  auto entry = classes_.find(output.name);
  if (entry == classes_.end()) entry = classes_.emplace(std::string(output.name), Classes()).first;
  Classes& classes = entry->second;
  classes.reading = ReadOutput(output.name, output.view);
  const auto scores = ScoresOf(output.view, classes.reading.kind);
  if (!scores) return;
  AppendOutputFeatures(output.name, *scores, features);
  if (!scores->winner) return;
  const auto winner = static_cast<size_t>(*scores->winner);
  if (winner >= kMaximumClasses) return;
  if (classes.counts.size() <= winner) classes.counts.resize(winner + 1);
  ++classes.counts[winner];
}

void Monitor::CheckQuality(std::string_view role, std::string_view name,
                           const TensorStatistics& statistics) {
  auto entry = quality_.find(name);
  if (entry == quality_.end()) entry = quality_.emplace(std::string(name), Quality()).first;
  Quality& quality = entry->second;
  ++quality.checked;
  // Events come at the 1st, 2nd, 4th, 8th ... time, so that a lasting fault stays readable.
  auto count = [&](std::string_view issue, int64_t values, uint64_t& times, uint64_t& total) {
    if (values == 0) return;
    total += static_cast<uint64_t>(values);
    if (!std::has_single_bit(++times)) return;
    JsonWriter out;
    out.BeginObject().Key("tensor").String(name).Key("role").String(role);
    out.Key("issue").String(issue).Key("values").Integer(values);
    out.Key("times").Integer(static_cast<int64_t>(times));
    out.Key("sample").Integer(static_cast<int64_t>(samples_)).EndObject();
    Emit(MonitorEventKind::kQuality, out.Take());
  };
  count("nan", statistics.nans, quality.nan_samples, quality.nan_values);
  count("infinite", statistics.infinities, quality.infinite_samples, quality.infinite_values);
  uint64_t ignored = 0;
  if (role == "input")
    count("constant", statistics.constant ? statistics.elements : 0, quality.constant_samples,
          ignored);
}

void Monitor::Learn(std::span<const Feature> features) {
  const auto finite = [](const Feature& f) { return std::isfinite(static_cast<float>(f.value)); };
  bool usable = !features.empty() && std::ranges::all_of(features, finite);
  if (usable && learn_names_.empty()) {
    for (const Feature& feature : features) learn_names_.push_back(feature.name);
    auto rows = Tensor::Allocate(DType::kFloat32, {static_cast<int64_t>(options_.learn),
                                                   static_cast<int64_t>(features.size())});
    if (!rows) return StopLearning(rows.error().message);
    learn_rows_ = *std::move(rows);
  }
  usable = usable && std::ranges::equal(features, learn_names_, {}, &Feature::name);
  if (!usable) {
    ++learn_skipped_;
    return;
  }
  const size_t width = learn_names_.size();
  std::ranges::transform(features, learn_rows_.As<float>().subspan(learnt_ * width).begin(),
                         [](const Feature& feature) { return static_cast<float>(feature.value); });
  if (++learnt_ < options_.learn) return;
  auto profile = ReferenceProfile::FromRows(std::as_const(learn_rows_).As<float>(), learn_names_);
  learn_rows_ = {};
  if (!profile) return StopLearning(profile.error().message);
  options_.profile = *std::move(profile);
  options_.profile->model_sha256 = options_.model_sha256;
  if (auto started = StartDetector(); !started) return StopLearning(started.error().message);
  JsonWriter out;
  out.BeginObject().Key("count").Integer(static_cast<int64_t>(learnt_));
  out.Key("features").BeginArray();
  for (const std::string& name : learn_names_) out.String(name);
  out.EndArray().Key("threshold").Number(detector_->threshold()).EndObject();
  Emit(MonitorEventKind::kProfile, out.Take());
}

void Monitor::StopLearning(std::string failure) {
  learn_failure_ = std::move(failure);
  learn_rows_ = {};
  JsonWriter out;
  out.BeginObject().Key("error").String(learn_failure_).EndObject();
  Emit(MonitorEventKind::kProfile, out.Take());
}

void Monitor::Detect(std::span<const Feature> features) {
  std::ranges::fill(row_, std::nan(""));
  for (const Feature& feature : features)
    if (const auto at = positions_.find(feature.name); at != positions_.end())
      row_[at->second] = feature.value;
  switch (UpdateThinned(*detector_, *thinning_, row_)) {
    case Detector::Change::kNone:
      return;
    case Detector::Change::kDrift:
      return EmitDrift();
    case Detector::Change::kRecovered: {
      JsonWriter out;
      out.BeginObject().Key("sample").Integer(static_cast<int64_t>(detector_->samples()));
      out.Key("alarmAt").Integer(static_cast<int64_t>(detector_->alarm()->sample)).EndObject();
      return Emit(MonitorEventKind::kRecovered, out.Take());
    }
  }
}

void Monitor::RecordStages(const StageTimes& times, Outcome outcome) {
  latency_.Record(times, outcome);
}

void Monitor::Emit(MonitorEventKind kind, std::string json) {
  if (events_.size() >= kMaximumEvents) events_.erase(events_.begin());
  events_.push_back({kind, std::move(json)});
}

std::vector<MonitorEvent> Monitor::TakeEvents() { return std::exchange(events_, {}); }

Result<std::string> Monitor::ExportProfileJson() const {
  if (options_.profile) return options_.profile->ToJson();
  if (state() == "learning")
    return Fail(ErrorCode::kInvalidArgument,
                "the profile is still being learnt: " + std::to_string(learnt_) + " of " +
                    std::to_string(options_.learn) + " inputs",
                "Wait for the 'profile' event.");
  return Fail(ErrorCode::kInvalidArgument, "the monitor has no profile",
              "Load the model with monitor: { profile } or { learn: 10000 }.");
}

void Monitor::Reset() {
  latency_.Reset();
  quality_.clear();
  classes_.clear();
  events_.clear();
  requests_ = samples_ = 0;
  learn_rows_ = {};
  learn_names_.clear();
  learn_failure_.clear();
  learnt_ = learn_skipped_ = 0;
  if (detector_) {
    detector_->Reset();
    thinning_->Reset();
  }
}

}  // namespace insitu
