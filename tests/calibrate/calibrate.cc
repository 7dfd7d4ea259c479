// Measures what docs/monitoring.md promises of the watch, on seeded streams, with the detector as a
// monitor has it (thinning included). Prints one line for each check:
//   what | bound | measured | yes or NO
// and ends with 1 where a bound does not hold. `npm run calibrate` writes the lines into the page.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "monitor/accuracy.h"
#include "monitor/corruptions.h"
#include "monitor/drift_watch.h"
#include "monitor/histogram.h"
#include "monitor/predictions.h"
#include "monitor/streams.h"
#include "monitor/window_report.h"

namespace {

// Bytes asked for and not given back. Each block begins with its size.
int64_t live_bytes = 0;
constexpr size_t kHeader = alignof(std::max_align_t);

}  // namespace

void* operator new(size_t size) {
  auto* block = static_cast<char*>(std::malloc(kHeader + size));
  if (!block) std::abort();
  *reinterpret_cast<size_t*>(block) = size;
  live_bytes += static_cast<int64_t>(size);
  return block + kHeader;
}
void operator delete(void* pointer) noexcept {
  if (!pointer) return;
  char* block = static_cast<char*>(pointer) - kHeader;
  live_bytes -= static_cast<int64_t>(*reinterpret_cast<size_t*>(block));
  std::free(block);
}
void operator delete(void* pointer, size_t) noexcept { operator delete(pointer); }

namespace insitu {
namespace {

constexpr double kEvery = 10'000;

bool all_hold = true;

void Report(const std::string& what, const std::string& bound, const std::string& measured,
            bool holds) {
  std::printf("%s | %s | %s | %s\n", what.c_str(), bound.c_str(), measured.c_str(),
              holds ? "yes" : "NO");
  std::fflush(stdout);
  all_hold = all_hold && holds;
}

std::string Text(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

DriftWatch Watch(const ReferenceProfile& profile, uint64_t seed) {
  return *DriftWatch::Create(profile, {kEvery, seed});
}

FeatureRow Named(const std::array<double, kWidth>& row) {
  static const std::vector<std::string> names = Names(kWidth);
  FeatureRow features;
  for (size_t k = 0; k < kWidth; ++k) features.Add(names[k], {}, row[k]);
  return features;
}

void Histograms() {
  std::mt19937_64 random(1);
  Normal normal;
  std::vector<double> times;
  Histogram all, halves[2];
  for (int i = 0; i < 1'000'000; ++i) {
    const double ms = std::exp(1.5 * normal(random));
    times.push_back(ms);
    all.Record(ms);
    halves[i % 2].Record(ms);
  }
  std::ranges::sort(times);
  double worst = 0;
  for (double q : {0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999}) {
    const double exact = times[static_cast<size_t>(std::ceil(q * 1e6)) - 1];
    worst = std::max(worst, std::abs(*all.Quantile(q) / exact - 1));
  }
  Report("quantiles of a histogram of 1,000,000 log-normal times", "1.1 % off",
         Text("%.2f %%", 100 * worst), worst <= 0.011);
  halves[0].Merge(halves[1]);
  Report("two halves merged", "equal to the whole, bucket for bucket",
         halves[0].buckets() == all.buckets() ? "equal" : "different",
         halves[0].buckets() == all.buckets());
}

void NoShift(const ReferenceProfile& profile) {
  constexpr int kRuns = 300;
  double total = 0;
  for (uint64_t run = 0; run < kRuns; ++run) {
    CorrelatedStream stream(10'000 + run);
    DriftWatch watch = Watch(profile, run);
    uint64_t samples = 0;
    while (watch.Update(Named(stream.Next())) != Detector::Change::kDrift) ++samples;
    total += static_cast<double>(samples);
  }
  Report("no shift, 12 correlated features, 300 runs: mean samples to a false alarm",
         "8,000 or more", Text("%.0f", total / kRuns), total / kRuns >= 8'000);
}

// A stream of which neighbours correlate by phi.
class VideoStream {
 public:
  VideoStream(uint64_t seed, double phi) : base_(seed), phi_(phi), last_(base_.Next()) {}

  std::array<double, kWidth> Next() {
    const auto fresh = base_.Next();
    for (size_t k = 0; k < kWidth; ++k)
      last_[k] = phi_ * last_[k] + std::sqrt(1 - phi_ * phi_) * fresh[k];
    return last_;
  }

 private:
  CorrelatedStream base_;
  double phi_;
  std::array<double, kWidth> last_;
};

void Correlated() {
  for (double phi : {0.0, 0.5, 0.9, 0.98}) {
    // The stationary distribution of such a stream is its own: the profile comes from far apart.
    VideoStream reference(3, phi);
    std::vector<float> rows;
    for (int i = 0; i < 20'000; ++i) {
      std::array<double, kWidth> row;
      for (int skip = 0; skip < (phi > 0 ? 1 + static_cast<int>(-3 / std::log(phi)) : 1); ++skip)
        row = reference.Next();
      for (double x : row) rows.push_back(static_cast<float>(x));
    }
    const ReferenceProfile profile = *ReferenceProfile::FromRows(rows, Names(kWidth));
    double kept = 0, alarms = 0, factor = 0;
    constexpr int kRuns = 40;
    for (uint64_t run = 0; run < kRuns; ++run) {
      VideoStream stream(20'000 + run, phi);
      DriftWatch watch = Watch(profile, run);
      const int frames = phi > 0.8 ? 600'000 : 100'000;
      for (int i = 0; i < frames; ++i) {
        kept += 1 / static_cast<double>(watch.thinning().factor());
        alarms += watch.Update(Named(stream.Next())) == Detector::Change::kDrift;
      }
      factor += static_cast<double>(watch.thinning().factor()) / kRuns;
    }
    const double every = kept / std::max(alarms, 1.0);
    Report("neighbours that correlate by " + Text("%.2f", phi) + ": kept samples to a false alarm",
           "5,000 or more", Text("%.0f", every) + " (one in " + Text("%.0f", factor) + " kept)",
           every >= 5'000);
  }
}

void Shifts(const ReferenceProfile& profile) {
  const auto delay = [&](double shift, double scale, bool one_feature) {
    std::vector<double> delays;
    for (uint64_t run = 0; run < 201; ++run) {
      CorrelatedStream stream(30'000 + run);
      DriftWatch watch = Watch(profile, run);
      for (int i = 0; i < 300; ++i) watch.Update(Named(stream.Next()));
      double samples = 1;
      for (; samples < 5'000; ++samples) {
        auto row = stream.Next(one_feature ? 0 : shift, scale);
        if (one_feature) row[7] += shift;
        if (watch.Update(Named(row)) == Detector::Change::kDrift) break;
      }
      delays.push_back(samples);
    }
    return Median(delays);
  };
  for (const auto& [shift, bound] : {std::pair{0.5, 70.0}, {1.0, 32.0}, {2.0, 20.0}}) {
    const double all = delay(shift, 1, false), one = delay(shift, 1, true);
    Report("all features moved by " + Text("%.1f", shift) + " sigma: median samples to the alarm",
           Text("%.0f", bound), Text("%.0f", all), all <= bound);
    Report("one of the 12 moved by " + Text("%.1f", shift) + " sigma", "", Text("%.0f", one), true);
  }
  for (const auto& [scale, bound] : {std::pair{1.5, 80.0}, {0.5, 40.0}}) {
    const double samples = delay(0, scale, false);
    Report("spread times " + Text("%.1f", scale), Text("%.0f", bound), Text("%.0f", samples),
           samples <= bound);
  }
}

void Windows(const ReferenceProfile& profile) {
  CorrelatedStream stream(40'000);
  int significant = 0;
  for (int run = 0; run < 1'000; ++run) {
    std::vector<float> rows;
    for (int i = 0; i < 100; ++i)
      for (double x : stream.Next()) rows.push_back(static_cast<float>(x));
    significant += WindowReport::Compare(profile, rows)->features[5].ks_p < 0.05;
  }
  Report("Kolmogorov-Smirnov windows without a shift, 1,000: p < 0.05 in", "3.6 to 6.4 %",
         Text("%.1f %%", significant / 10.0), significant >= 36 && significant <= 64);
}

void Quality() {
  QualityGate gate;
  gate.Use(PictureProfile());
  std::mt19937_64 random(60'000);
  int least = 200;
  std::string hardest;
  const auto note = [&](int caught, const std::string& name) {
    if (caught >= least) return;
    least = caught;
    hardest = name;
  };
  const std::vector<Corruption> corruptions = Corruptions();
  for (const Corruption& corruption : corruptions) {
    int caught = 0;
    for (int i = 0; i < 200; ++i) {
      Picture picture = TakePicture(random);
      corruption.change(picture);
      caught += gate.Judge(Read(picture)).any();
    }
    note(caught, corruption.name);
  }
  Picture still = TakePicture(random);
  int frozen = 2;  // the same image twice is none
  for (int i = 0; i < 200; ++i) frozen += gate.Judge(Read(still)).any();
  note(frozen, "frozen");
  Report("15 kinds of corrupted images, 200 of each: caught of the hardest kind", "95 %",
         Text("%.1f %%", least / 2.0) + (hardest.empty() ? "" : " (" + hardest + ")"),
         least >= 190 && corruptions.size() + 1 == 15);
  gate.Reset();
  int rejected = 0;
  for (int i = 0; i < 10'000; ++i) {
    Picture picture = TakePicture(random);
    rejected += gate.Judge(Read(picture)).any();
  }
  Report("10,000 clean images: with an issue", "1 %", Text("%.2f %%", rejected / 100.0),
         rejected <= 100);
}

void Accuracies() {
  PredictionStream reference(70'000);
  const Calibration calibration = CalibrationOf(reference, 10'000);
  int within = 0, inside = 0;
  constexpr int kRuns = 200, kPredictions = 2'000;
  for (uint64_t run = 0; run < kRuns; ++run) {
    PredictionStream stream(71'000 + run);
    stream.ShiftLabels();
    Accuracy accuracy(kEvery);
    accuracy.Use(calibration);
    int correct = 0;
    for (int i = 0; i < kPredictions; ++i) {
      const auto prediction = stream.Next();
      accuracy.Observe("scores", prediction.winner, prediction.confidence, {});
      correct += prediction.winner == prediction.truth;
    }
    const Accuracy::Estimate estimate = *accuracy.estimate();
    const double truth = static_cast<double>(correct) / kPredictions;
    within += std::abs(estimate.value - truth) <= 0.02;
    inside += truth >= estimate.low && truth <= estimate.high;
  }
  Report(
      "accuracy estimated without labels under label shift, 2,000 predictions, 200 runs: within 2 "
      "points of the truth in",
      "90 %", Text("%.1f %%", within / 2.0) + Text(" (in the interval: %.1f %%)", inside / 2.0),
      within >= 180);
}

void ErrorRates() {
  // 5 % wrong in 2,000 labels.
  std::mt19937_64 random(80'000);
  double calm = 0;
  constexpr int kRuns = 100;
  std::vector<double> delays;
  for (int run = 0; run < kRuns; ++run) {
    ErrorRateDetector detector(100, 2'000, kEvery);
    double labels = 0;
    while (labels < 20 * kEvery &&
           detector.Update(Uniform(random) < 0.05) != Detector::Change::kDrift)
      ++labels;
    calm += labels;
    detector.Reset();
    for (int i = 0; i < 300; ++i) detector.Update(Uniform(random) < 0.05);
    double delay = 1;
    while (detector.Update(Uniform(random) < 0.15) != Detector::Change::kDrift) ++delay;
    delays.push_back(delay);
  }
  Report("error rate as expected: mean labels to a false alarm", "10,000 or more",
         Text("%.0f", calm / kRuns) + " (200,000 at most were looked at)", calm / kRuns >= kEvery);
  const double delay = Median(delays);
  Report("error rate of 15 % instead of 5 %: median labels to the alarm", "150",
         Text("%.0f", delay), delay <= 150);
}

void Memory(const ReferenceProfile& profile) {
  CorrelatedStream stream(50'000);
  DriftWatch watch = Watch(profile, 1);
  std::vector<FeatureRow> samples;
  for (int i = 0; i < 1'000; ++i) samples.push_back(Named(stream.Next()));
  // The first alarm of all is remembered.
  for (int i = 0; i < 200; ++i) watch.Update(Named(stream.Next(3)));
  const int64_t before = live_bytes;
  for (int i = 0; i < 10'000'000; ++i) watch.Update(samples[static_cast<size_t>(i) % 1'000]);
  const auto growth = static_cast<double>(live_bytes - before);
  Report("memory held after 10,000,000 updates more", "no more", Text("%.0f bytes more", growth),
         growth <= 0);
}

}  // namespace
}  // namespace insitu

int main() {
  using namespace insitu;
  const ReferenceProfile profile = CorrelatedProfile(1, 20'000);
  Histograms();
  NoShift(profile);
  Correlated();
  Shifts(profile);
  Windows(profile);
  Quality();
  Accuracies();
  ErrorRates();
  Memory(profile);
  return all_hold ? 0 : 1;
}
