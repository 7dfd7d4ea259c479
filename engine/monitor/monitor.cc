// The flow of one watched sample: readings, quality, features, then learning or detection.
#include "monitor/monitor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace insitu {
namespace {

constexpr size_t kMaximumEvents = 256;
constexpr size_t kMaximumClasses = 4096, kMaximumCategories = 256;
constexpr size_t kMaximumWordFeatures = 64;
constexpr uint64_t kMaximumLearnRows = 1'000'000;

// The entry of that name, made where it is missing.
template <class T>
T& At(std::map<std::string, T, std::less<>>& map, std::string_view name) {
  const auto found = map.find(name);
  return found != map.end() ? found->second : map.emplace(std::string(name), T()).first->second;
}

}  // namespace

std::string_view Name(MonitorEventKind kind) {
  constexpr std::array<std::string_view, 5> kNames = {"drift", "recovered", "profile", "quality",
                                                      "slow"};
  return kNames[static_cast<size_t>(kind)];
}

Monitor::Monitor(MonitorOptions options)
    : options_(std::move(options)),
      latency_(options_.clock_step_ms),
      accuracy_(options_.false_alarm_every),
      slices_(options_.clock_step_ms) {}

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
  const MonitorOptions& kept = monitor->options_;
  if (kept.slo) {
    INSITU_ASSIGN(monitor->burn_rate_, BurnRate::Create(*kept.slo));
  }
  if (kept.profile)
    INSITU_TRY(monitor->StartWatch());
  else if (kept.learn > 0)
    monitor->learner_.emplace(kept.learn);
  return monitor;
}

Status Monitor::StartWatch() {
  const DetectorOptions options{options_.false_alarm_every, options_.seed};
  INSITU_ASSIGN(watch_, DriftWatch::Create(*options_.profile, options));
  gate_.Use(*options_.profile);
  if (options_.profile->accuracy) accuracy_.Use(*options_.profile->accuracy);
  for (const FeatureProfile& feature : options_.profile->features)
    if (!feature.categories.empty()) categories_[feature.name] = feature.categories;
  return {};
}

std::string_view Monitor::state() const {
  if (watch_) return Name(watch_->detector().state());
  return learner_ && learner_->failure().empty() ? "learning" : "off";
}

std::vector<Monitor::Judged> Monitor::ReadInputs(std::span<const NamedView> inputs) {
  std::vector<Judged> judged;
  const bool compares = watch_ || state() == "learning";
  // What may be refused is looked at as a whole.
  const std::optional<size_t> turn = Rejects() ? std::nullopt : std::optional<size_t>(samples_);
  for (const NamedView& input : inputs)
    if (auto reading = ReadInput(input, compares, turn)) {
      const QualityIssues issues = gate_.Judge(*reading);
      judged.push_back({*std::move(reading), issues});
    }
  return judged;
}

Status Monitor::Judge(std::span<const NamedView> inputs, std::string_view slice_name) {
  judged_ = ReadInputs(inputs);
  if (!Rejects()) return {};
  const auto worst =
      std::ranges::find_if(*judged_, [](const Judged& judged) { return judged.issues.any(); });
  if (worst == judged_->end()) return {};
  for (const auto& [reading, issues] : *judged_)
    CountQuality("input", reading.name, reading.statistics, issues);
  if (Slice* slice = slices_.For(slice_name)) CountSlice(*slice, *judged_);
  const auto& [reading, issues] = *worst;
  Error error{ErrorCode::kDataQuality,
              "the input looks wrong: " + ToString(issues),
              reading.name,
              {},
              "Look at what makes it; quality: 'warn' would run it."};
  return std::unexpected(std::move(error));
}

void Monitor::CountSlice(Slice& slice, const std::vector<Judged>& judged) {
  QualityIssues all;
  for (const Judged& one : judged) all |= one.issues;
  ++slice.judged;
  slice.with_issues += all.any();
  for (size_t i = 0; i < kQualityIssues; ++i) slice.issues[i] += all[i];
}

void Monitor::Observe(const Request& request) {
  auto judged = std::exchange(judged_, std::nullopt);
  if (requests_++ % options_.sample != 0) {
    FeatureRow unwatched;
    if (!request.id.empty())
      for (const NamedView& output : request.outputs) ReadClasses(output, request.id, unwatched);
    return;
  }
  ++samples_;
  FeatureRow& features = features_;
  features.Clear();
  if (!judged) judged = ReadInputs(request.inputs);
  for (const auto& [reading, issues] : *judged) {
    CountQuality("input", reading.name, reading.statistics, issues);
    AppendInputFeatures(reading.name, reading.statistics, features);
    if (reading.geometry)
      AppendImageFeatures(reading.name, reading.image, *reading.geometry, features);
  }
  for (const NamedView& output : request.outputs) {
    if (!HasStatistics(output.view.dtype)) continue;
    const TensorStatistics statistics = ComputeStatistics(output.view);
    QualityIssues issues;
    issues.set(static_cast<size_t>(QualityIssue::kNan), statistics.nans > 0);
    issues.set(static_cast<size_t>(QualityIssue::kInfinite), statistics.infinities > 0);
    CountQuality("output", output.name, statistics, issues);
    ReadClasses(output, request.id, features);
  }
  for (const OwnFeature& own : request.features) {
    const auto taken = std::ranges::find(features, own.name, &Feature::name);
    if (own.name.empty() || taken != features.end()) continue;
    features.Add(own.name, {}, own.category ? CategoryValue(own) : own.value);
  }
  Slice* slice = slices_.For(request.slice);
  if (slice) CountSlice(*slice, *judged);
  if (!watch_) return Learn(features);
  Detect(*watch_, features, {});
  if (!slice) return;
  if (!slice->drift) StartDrift(*slice);
  if (slice->drift) Detect(*slice->drift, features, slice->name);
}

void Monitor::StartDrift(Slice& slice) {
  auto watch = DriftWatch::Create(*options_.profile, {options_.false_alarm_every, options_.seed});
  if (watch) slice.drift = *std::move(watch);
}

void Monitor::CountQuality(std::string_view role, std::string_view name,
                           const TensorStatistics& statistics, QualityIssues issues) {
  Quality& quality = At(quality_, name);
  ++quality.checked;
  quality.nan_values += static_cast<uint64_t>(statistics.nans);
  quality.infinite_values += static_cast<uint64_t>(statistics.infinities);
  for (size_t i = 0; i < kQualityIssues; ++i) {
    // Events come at the 1st, 2nd, 4th, 8th ... time, so that a lasting fault stays readable.
    if (!issues[i] || !std::has_single_bit(++quality.times[i]) ||
        options_.quality == QualityMode::kLog)
      continue;
    const auto issue = static_cast<QualityIssue>(i);
    const int64_t values = issue == QualityIssue::kNan        ? statistics.nans
                           : issue == QualityIssue::kInfinite ? statistics.infinities
                                                              : statistics.elements;
    JsonWriter out;
    out.BeginObject().Key("tensor").String(name).Key("role").String(role);
    out.Key("issue").String(Name(issue)).Key("values").Integer(values);
    out.Key("times").Integer(static_cast<int64_t>(quality.times[i]));
    out.Key("sample").Integer(static_cast<int64_t>(samples_)).EndObject();
    Emit(MonitorEventKind::kQuality, out.Take());
  }
}

// The category's place among those of the feature; NaN where it has none. While a profile is
// learnt, new ones are added.
double Monitor::CategoryValue(const OwnFeature& feature) {
  const bool learns = state() == "learning";
  auto entry = categories_.find(feature.name);
  if (entry == categories_.end()) {
    if (!learns || categories_.size() >= kMaximumWordFeatures) return std::nan("");
    entry = categories_.emplace(feature.name, std::vector<std::string>()).first;
  }
  std::vector<std::string>& known = entry->second;
  const auto found = std::ranges::find(known, *feature.category);
  const auto place = static_cast<double>(found - known.begin());
  if (found == known.end() && learns && known.size() < kMaximumCategories)
    known.push_back(*feature.category);
  return place;
}

void Monitor::ReadClasses(const NamedView& output, std::string_view id, FeatureRow& features) {
  Classes& classes = At(classes_, output.name);
  std::optional<OutputKind> declared;
  if (options_.profile)
    for (const OutputRule& rule : options_.profile->outputs)
      if (rule.output == output.name) declared = OutputKindOf(rule.kind);
  // An output is what it was taken for first: a quantized softmax adds up to 1 only now and then.
  if (classes.reading.kind == OutputKind::kOther)
    classes.reading = ReadOutput(output.name, output.view, declared);
  const auto scores = ScoresOf(output.view, classes.reading.kind);
  if (!scores) return;
  AppendOutputFeatures(output.name, *scores, features);
  if (!scores->winner) return;
  accuracy_.Observe(output.name, *scores->winner, scores->top, id);
  const auto winner = static_cast<size_t>(*scores->winner);
  if (winner >= kMaximumClasses) return;
  if (classes.counts.size() <= winner) classes.counts.resize(winner + 1);
  ++classes.counts[winner];
}

void Monitor::Learn(const FeatureRow& features) {
  if (!learner_ || !learner_->failure().empty()) return;
  std::string failure;
  switch (learner_->Add(features)) {
    case ProfileLearner::Step::kMore:
      return;
    case ProfileLearner::Step::kFailed:
      failure = learner_->failure();
      break;
    case ProfileLearner::Step::kDone:
      options_.profile = learner_->TakeProfile();
      options_.profile->model_sha256 = options_.model_sha256;
      for (FeatureProfile& feature : options_.profile->features)
        if (const auto known = categories_.find(feature.name); known != categories_.end())
          feature.categories = known->second;
      if (auto started = StartWatch(); !started) failure = started.error().message;
      break;
  }
  JsonWriter out;
  out.BeginObject();
  if (!failure.empty()) {
    out.Key("error").String(failure);
  } else {
    out.Key("count").Integer(static_cast<int64_t>(learner_->have()));
    out.Key("features").BeginArray();
    for (const std::string& name : learner_->names()) out.String(name);
    out.EndArray().Key("threshold").Number(watch_->detector().threshold());
  }
  out.EndObject();
  Emit(MonitorEventKind::kProfile, out.Take());
}

void Monitor::Detect(DriftWatch& watch, const FeatureRow& features, std::string_view slice) {
  const Detector::Change change = watch.Update(features);
  if (change == Detector::Change::kDrift) EmitDrift(watch, slice);
  if (change == Detector::Change::kRecovered)
    EmitRecovered("slice", slice, watch.detector().samples(), watch.detector().alarm()->sample);
}

Status Monitor::Feedback(std::string_view id, const Accuracy::Label& label) {
  INSITU_ASSIGN(const Detector::Change change,
                accuracy_.Feedback(id, label, state() == "learning"));
  if (change == Detector::Change::kDrift) {
    JsonWriter out;
    out.BeginObject();
    accuracy_.WriteAlarm(out);
    Emit(MonitorEventKind::kDrift, out.EndObject().Take());
  }
  if (change == Detector::Change::kRecovered)
    EmitRecovered("cause", "errors", accuracy_.errors()->samples(),
                  accuracy_.errors()->alarm()->sample);
  return {};
}

void Monitor::EmitRecovered(std::string_view key, std::string_view value, uint64_t sample,
                            uint64_t alarm_at) {
  JsonWriter out;
  out.BeginObject();
  if (!value.empty()) out.Key(key).String(value);
  out.Key("sample").Integer(static_cast<int64_t>(sample));
  out.Key("alarmAt").Integer(static_cast<int64_t>(alarm_at)).EndObject();
  Emit(MonitorEventKind::kRecovered, out.Take());
}

void Monitor::RecordStages(const Timing& timing, std::string_view slice_name,
                           double started_unix_ms) {
  const auto& [times, outcome, hidden, batch] = timing;
  trace_.Record(started_unix_ms, times, outcome);
  const bool first = latency_.is_cold();
  latency_.Record(timing);
  if (Slice* slice = slices_.For(slice_name)) {
    ++slice->requests;
    slice->failures += outcome.has_value();
    if (!outcome && !first && !hidden) {
      slice->infer.Record(times[Stage::kInfer]);
      slice->total.Record(times[Stage::kTotal]);
    }
  }
  const bool counts = !hidden && (outcome ? outcome != ErrorCode::kCancelled : !first);
  if (!burn_rate_ || !counts) return;
  if (burn_rate_->Record(times[Stage::kTotal], outcome.has_value()) != BurnRate::Change::kNone)
    EmitSlow();
}

void Monitor::Emit(MonitorEventKind kind, std::string json) {
  if (events_.size() >= kMaximumEvents) events_.erase(events_.begin());
  events_.push_back({kind, std::move(json)});
}

std::vector<MonitorEvent> Monitor::TakeEvents() { return std::exchange(events_, {}); }

Result<std::string> Monitor::Export(std::string_view format, double now_unix_ms) const {
  if (format == "prometheus") return PrometheusText();
  if (format == "otlp-json") return OtlpJson(now_unix_ms);
  if (format == "chrome-trace") return trace_.ToJson();
  if (format == "ticket") return TicketJson(now_unix_ms);
  return Fail(ErrorCode::kInvalidArgument, "'" + std::string(format) + "' is no format of exports",
              "Known: prometheus, otlp-json, chrome-trace, ticket.");
}

Result<std::string> Monitor::ExportProfileJson() const {
  if (options_.profile) {
    ReferenceProfile profile = *options_.profile;
    profile.accuracy = accuracy_.calibration();
    return profile.ToJson();
  }
  if (state() == "learning")
    return Fail(ErrorCode::kInvalidArgument,
                "the profile is still being learnt: " + std::to_string(learner_->have()) + " of " +
                    std::to_string(learner_->need()) + " inputs",
                "Wait for the 'profile' event.");
  return Fail(ErrorCode::kInvalidArgument, "the monitor has no profile",
              "Load the model with monitor: { profile } or { learn: 10000 }.");
}

void Monitor::Reset(double now_unix_ms, std::string instance) {
  options_.start_unix_ms = now_unix_ms;
  options_.instance = std::move(instance);
  if (!watch_) categories_.clear();
  latency_.Reset();
  trace_.Reset();
  if (burn_rate_) burn_rate_->Reset();
  if (learner_) learner_.emplace(learner_->need());
  if (watch_) watch_->Reset();
  accuracy_.Reset();
  gate_.Reset();
  slices_.Reset();
  quality_.clear();
  classes_.clear();
  judged_.reset();
  events_.clear();
  requests_ = samples_ = 0;
}

}  // namespace insitu
