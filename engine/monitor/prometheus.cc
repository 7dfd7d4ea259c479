// The monitor as Prometheus' text format 0.0.4, for a Node process to be scraped, or to be pushed.
// https://prometheus.io/docs/instrumenting/exposition_formats/
// Histograms have a bucket for every power of two from 2^-19 s (1.9 us) to 2^6 s, whose counts are
// exact; what is below the clock's step counts in the first.
#include <cmath>
#include <string>

#include "base/json.h"
#include "monitor/monitor.h"

namespace insitu {
namespace {

struct Label {
  Label() = default;
  Label(std::string_view the_name, std::string_view the_value) : name(the_name), value(the_value) {}
  explicit Label(const std::pair<std::string, std::string>& pair)
      : name(pair.first), value(pair.second) {}

  std::string_view name, value;
};

class Text {
 public:
  void Metric(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    text_.append(name).append(" ").append(type).append("\n");
  }
  void Sample(double value, std::initializer_list<Label> labels = {},
              std::string_view suffix = {}) {
    Sample(value, std::span(labels.begin(), labels.size()), suffix);
  }
  void Sample(double value, std::span<const Label> labels, std::string_view suffix = {}) {
    text_.append(name_).append(suffix);
    char separator = '{';
    for (const auto& [name, its_value] : labels) {
      if (its_value.data() == nullptr) continue;
      text_.push_back(separator);
      separator = ',';
      text_.append(name).append("=\"");
      AppendEscaped(its_value);
      text_.push_back('"');
    }
    if (separator == ',') text_.push_back('}');
    text_.append(" ").append(ToText(value)).append("\n");
  }
  void Count(uint64_t value, std::initializer_list<Label> labels = {}) {
    Sample(static_cast<double>(value), labels);
  }
  // With labels of up to two names.
  void Histogram(const insitu::Histogram& histogram, Label first, Label second = {}) {
    constexpr int kOctave = 1 << insitu::Histogram::kScale;
    constexpr int kFirst = -19, kLast = insitu::Histogram::kLastIndex / kOctave + 1;
    uint64_t below = histogram.below_step();
    size_t bucket = 0;
    for (int power = kFirst; power <= kLast; ++power) {
      const auto end = static_cast<size_t>(power * kOctave - insitu::Histogram::kFirstIndex);
      for (; bucket < end && bucket < insitu::Histogram::kBuckets; ++bucket)
        below += histogram.buckets()[bucket];
      Sample(static_cast<double>(below), {first, second, {"le", ToText(std::ldexp(1.0, power))}},
             "_bucket");
    }
    Sample(static_cast<double>(histogram.count()), {first, second, {"le", "+Inf"}}, "_bucket");
    Sample(histogram.sum_ms() / 1e3, {first, second}, "_sum");
    Sample(static_cast<double>(histogram.count()), {first, second}, "_count");
  }
  std::string Take() { return std::move(text_); }

 private:
  static std::string ToText(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    return ShortestText(value);
  }
  void AppendEscaped(std::string_view value) {
    for (char c : value) {
      if (c == '\\' || c == '"') text_.push_back('\\');
      c == '\n' ? text_.append("\\n") : text_.append(1, c);
    }
  }

  std::string_view name_;
  std::string text_;
};

}  // namespace

std::string Monitor::PrometheusText() const {
  Text out;
  out.Metric("insitu_info", "gauge", "1, with what these figures were measured on.");
  const std::vector<Label> context(options_.context.begin(), options_.context.end());
  out.Sample(1, context);
  out.Metric("insitu_requests_total", "counter", "Requests that ended, well or not.");
  out.Count(latency_.requests());
  out.Metric("insitu_failures_total", "counter", "Requests that failed, by code.");
  for (size_t i = 0; i <= static_cast<size_t>(ErrorCode::kInternal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    if (latency_.failures(code) > 0) out.Count(latency_.failures(code), {{"code", Name(code)}});
  }
  out.Metric("insitu_stage_seconds", "histogram", "Time of each stage of a good request.");
  latency_.ForEach([&](Phase phase, Stage stage, const insitu::Histogram& histogram) {
    out.Histogram(histogram, {"stage", Name(stage)}, {"phase", Name(phase)});
  });
  out.Metric("insitu_clock_step_seconds", "gauge", "The step of the clock behind these times.");
  out.Sample(options_.clock_step_ms / 1e3);
  out.Metric("insitu_samples_total", "counter", "Requests whose tensors were looked at.");
  out.Count(samples_);
  out.Metric("insitu_quality_issues_total", "counter", "Samples with an issue, by tensor.");
  for (const auto& [name, quality] : quality_)
    for (size_t i = 0; i < kQualityIssues; ++i)
      if (quality.times[i] > 0)
        out.Count(quality.times[i],
                  {{"tensor", name}, {"issue", Name(static_cast<QualityIssue>(i))}});
  out.Metric("insitu_predictions_total", "counter", "How often each class won, by output.");
  for (const auto& [name, classes] : classes_)
    for (size_t i = 0; i < classes.counts.size(); ++i)
      if (classes.counts[i] > 0)
        out.Count(classes.counts[i], {{"output", name}, {"class", std::to_string(i)}});
  if (burn_rate_) {
    out.Metric("insitu_slo_burn_rate", "gauge", "Bad share over the error budget, by window.");
    for (size_t window : {size_t{20}, size_t{100}, BurnRate::kLongest})
      if (const auto rate = burn_rate_->Rate(window))
        out.Sample(*rate, {{"requests", std::to_string(window)}});
    out.Metric("insitu_slo_bad_total", "counter", "Requests that were slow or failed.");
    out.Count(burn_rate_->bad());
  }
  if (watch_) {
    const EsrDetector& detector = watch_->detector();
    out.Metric("insitu_drifting", "gauge", "1 while the inputs have drifted.");
    out.Sample(detector.state() == DriftState::kDrifting ? 1 : 0);
    out.Metric("insitu_drift_meter", "gauge", "Evidence for drift, 0 to 1.");
    out.Sample(detector.meter());
    out.Metric("insitu_feature_shift", "gauge",
               "Recent mean minus the profile's, in its standard deviations.");
    for (size_t k = 0; k < detector.features(); ++k)
      if (const double shift = detector.Evidence(k).shift; std::isfinite(shift))
        out.Sample(shift, {{"feature", options_.profile->features[k].name}});
  }
  if (const auto estimate = accuracy_.estimate()) {
    out.Metric("insitu_estimated_accuracy", "gauge", "Share of right predictions, estimated.");
    out.Sample(estimate->value);
  }
  if (accuracy_.labelled() > 0) {
    out.Metric("insitu_labelled_total", "counter", "Predictions whose truth was told.");
    out.Count(accuracy_.labelled() - accuracy_.correct(), {{"correct", "false"}});
    out.Count(accuracy_.correct(), {{"correct", "true"}});
  }
  if (slices_.all().empty()) return out.Take();
  out.Metric("insitu_slice_requests_total", "counter", "Requests that ended, by slice.");
  for (const auto& slice : slices_.all()) out.Count(slice->requests, {{"slice", slice->name}});
  out.Metric("insitu_slice_total_seconds", "histogram", "Time of good requests, by slice.");
  for (const auto& slice : slices_.all()) out.Histogram(slice->total, {"slice", slice->name});
  out.Metric("insitu_slice_drifting", "gauge", "1 while the inputs of a slice have drifted.");
  for (const auto& slice : slices_.all())
    if (slice->drift)
      out.Sample(slice->drift->detector().state() == DriftState::kDrifting ? 1 : 0,
                 {{"slice", slice->name}});
  return out.Take();
}

}  // namespace insitu
