// Saving a monitor and going on with it.
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <numeric>

#include "base/archive.h"
#include "monitor/monitor.h"
#include "streams.h"

namespace insitu {
namespace {

// What Save wrote, as a page keeps it.
struct Kept {
  Buffer bytes;

  explicit Kept(Monitor& monitor) {
    Archive archive;
    monitor.Save(archive);
    *this = Kept(archive);
  }
  explicit Kept(Archive& archive) {
    std::vector<std::byte> all;
    for (auto part = archive.NextPart(4096); !part.empty(); part = archive.NextPart(4096))
      all.insert(all.end(), part.begin(), part.end());
    bytes = *Buffer::Copy(all.data(), all.size());
  }
  Result<std::unique_ptr<Monitor>> Restore(MonitorOptions options, size_t cut = 0) const {
    INSITU_ASSIGN(Archive archive,
                  Archive::Open({bytes.data(), bytes.size() - cut}, std::shared_ptr<void>()));
    return Monitor::Restore(std::move(options), archive);
  }
};

// A row of numbers as features of the caller's own, an output of two classes and times.
void Feed(Monitor& monitor, CorrelatedStream& stream, int count, double shift = 0) {
  for (int i = 0; i < count; ++i) {
    std::vector<OwnFeature> features;
    const auto row = stream.Next(shift);
    for (size_t k = 0; k < kWidth; ++k) features.push_back({Names(kWidth)[k], row[k], {}});
    const auto p = static_cast<float>(1 / (1 + std::exp(-row[5])));
    std::array<float, 2> scores = {p, 1 - p};
    const std::vector<NamedView> outputs = {
        {"y", {DType::kFloat32, {1, 2}, reinterpret_cast<std::byte*>(scores.data()), nullptr}}};
    Timing timing;
    timing.times[Stage::kInfer] = timing.times[Stage::kTotal] = 1 + 0.01 * (i % 50);
    const std::string_view slice = i % 3 ? "device=phone" : "";
    monitor.RecordStages(timing, slice);
    monitor.Observe({.outputs = outputs, .features = features, .slice = slice, .id = "r"});
    if (i % 2) REQUIRE(monitor.Feedback("r", p > 0.4f ? 0.0 : 1.0));
  }
}

MonitorOptions Options() {
  MonitorOptions options{.profile = CorrelatedProfile(1, 10'000)};
  options.slo = SloOptions{1.4, 0.1};
  options.model_sha256 = std::string(64, 'a');
  options.instance = "one";
  return options;
}

TEST_CASE("A monitor goes on as if nothing had happened") {
  auto one = *Monitor::Create(Options());
  CorrelatedStream first(2), second(2);
  Feed(*one, first, 700);
  Feed(*one, second, 700);  // the stream behind it, where the other one is, too
  MonitorOptions later = Options();
  later.instance = "another";
  auto other = Kept(*one).Restore(later);
  REQUIRE(other);
  CHECK((*other)->SnapshotJson() == one->SnapshotJson());
  const EsrDetector& detector = one->drift()->detector();
  Feed(*one, first, 300, 1.5);
  Feed(**other, second, 300, 1.5);
  CHECK((*other)->drift()->detector().alarm()->statistic == detector.alarm()->statistic);
  CHECK((*other)->drift()->detector().statistic() == detector.statistic());
  // The first run of each visit is a cold one.
  CHECK(one->latency().of(Phase::kCold, Stage::kInfer).count() == 1);
  CHECK((*other)->latency().of(Phase::kCold, Stage::kInfer).count() == 2);
  CHECK((*other)->state() == "drifting");
  CHECK((*other)
            ->Export("otlp-json", 5)
            ->contains(R"("service.instance.id","value":{"stringValue":"one")"));
  // And once more, while drifting.
  auto third = Kept(**other).Restore(Options());
  REQUIRE(third);
  CHECK((*third)->SnapshotJson() == (*other)->SnapshotJson());
}

TEST_CASE("Learning goes on, and what was learnt stays") {
  const auto options = [] { return MonitorOptions{.learn = 2'000}; };
  auto monitor = *Monitor::Create(options());
  CorrelatedStream stream(3);
  Feed(*monitor, stream, 1'500);
  auto later = Kept(*monitor).Restore(options());
  REQUIRE(later);
  CHECK((*later)->state() == "learning");
  Feed(**later, stream, 500);
  CHECK((*later)->state() == "calm");
  auto last = Kept(**later).Restore(options());
  REQUIRE(last);
  CHECK((*last)->state() == "calm");
  CHECK(*(*last)->ExportProfileJson() == *(*later)->ExportProfileJson());
  Feed(**last, stream, 200, 2);
  CHECK((*last)->state() == "drifting");
}

TEST_CASE("A coarser clock holds from then on") {
  MonitorOptions fine{.clock_step_ms = 0.005}, coarse{.clock_step_ms = 0.1};
  auto monitor = *Monitor::Create(fine);
  Timing timing;
  monitor->RecordStages(timing);
  for (double ms : {0.02, 0.05, 0.5, 5.0}) {
    timing.times[Stage::kInfer] = ms;
    monitor->RecordStages(timing);
  }
  auto later = Kept(*monitor).Restore(coarse);
  REQUIRE(later);
  const Histogram& infer = (*later)->latency().of(Phase::kWarm, Stage::kInfer);
  CHECK(infer.clock_step_ms() == 0.1);
  CHECK(infer.count() == 4);
  CHECK(infer.below_step() == 2);
  CHECK((*later)->latency().batches().at(1).below_step() == 2);
  CHECK((*later)->latency().batches().at(1).clock_step_ms() == 0.1);
}

TEST_CASE("Other models, profiles and options begin anew") {
  auto monitor = *Monitor::Create(Options());
  CorrelatedStream stream(4);
  Feed(*monitor, stream, 50);
  const Kept kept(*monitor);
  CHECK(kept.Restore(Options()));
  MonitorOptions other_model = Options(), other_profile = Options(), other_rate = Options(),
                 other_slo = Options(), learning = Options();
  other_model.model_sha256[0] = 'b';
  other_profile.profile = CorrelatedProfile(2, 10'000);
  other_rate.false_alarm_every = 100;
  other_slo.slo.reset();
  learning.profile.reset();
  learning.learn = 2'000;
  for (const MonitorOptions& options :
       {other_model, other_profile, other_rate, other_slo, learning})
    CHECK_FALSE(kept.Restore(options));
}

TEST_CASE("Damaged states are refused") {
  auto monitor = *Monitor::Create(Options());
  CorrelatedStream stream(5);
  Feed(*monitor, stream, 50);
  Kept kept(*monitor);
  for (size_t cut : {64u, 128u, 1024u}) CHECK_FALSE(kept.Restore(Options(), cut));
  // What has a right checksum, but more or less in it than is asked for.
  for (bool longer : {false, true}) {
    Archive archive;
    if (longer) monitor->Save(archive);
    std::string rest = "more";
    archive(rest);
    CHECK_FALSE(Kept(archive).Restore(Options()));
  }
  std::mt19937_64 random(6);
  for (int i = 0; i < 50; ++i) {
    const size_t at = random() % kept.bytes.size();
    kept.bytes.data()[at] ^= std::byte{0x10};
    CHECK_FALSE(kept.Restore(Options()));
    kept.bytes.data()[at] ^= std::byte{0x10};
  }
  CHECK(kept.Restore(Options()));
}

TEST_CASE("Another layout of the state is another version of it") {
  // A new member changes the size: raise kStateVersion in state.cc, and the number here.
  if (sizeof(size_t) != 8) SUCCEED("sizes are those of 64 bits");
  std::vector<float> rows(256);
  std::iota(rows.begin(), rows.end(), 0.0f);
  MonitorOptions options{.profile = ReferenceProfile::FromRows(rows, Names(1)).value()};
  options.slo = SloOptions{2, 0.5};
  auto monitor = *Monitor::Create(options);
  CorrelatedStream stream(7);
  Feed(*monitor, stream, 30);
  const Kept kept(*monitor);
  uint64_t head_bytes = 0;
  std::memcpy(&head_bytes, kept.bytes.data() + sizeof(uint64_t), sizeof(head_bytes));
  if (sizeof(size_t) == 8) CHECK(head_bytes == 87769);
}

}  // namespace
}  // namespace insitu
