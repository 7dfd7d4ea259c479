// Spectrograms against librosa's formulas in NumPy (fixtures/mel.bin, made by make_fixtures.py),
// transforms against their definition, and resampling against the tones that it must keep or lose.
#include "preprocess/audio.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numbers>
#include <vector>

#include "support/places.h"

using namespace insitu;

namespace {

std::vector<float> Samples(size_t count) {
  std::vector<float> samples(count);
  for (size_t i = 0; i < count; ++i) {
    const auto t = static_cast<double>(i);
    samples[i] = static_cast<float>(0.5 * std::sin(t * t / 4000) + (i % 997 == 0 ? 0.25 : 0));
  }
  return samples;
}

std::vector<float> Tone(double hz, int64_t rate, size_t count) {
  std::vector<float> samples(count);
  for (size_t i = 0; i < count; ++i)
    samples[i] = static_cast<float>(
        std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / static_cast<double>(rate)));
  return samples;
}

std::vector<float> Values(const Result<Tensor>& tensor) {
  REQUIRE(tensor);
  const auto span = tensor->View().As<float>();
  return {span.begin(), span.end()};
}

}  // namespace

TEST_CASE("Mel spectrograms are librosa's") {
  std::ifstream file(test::ProjectDir() + "/tests/preprocess/fixtures/mel.bin", std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<float> expected(bytes.size() / sizeof(float));
  std::memcpy(expected.data(), bytes.data(), expected.size() * sizeof(float));
  MelOptions options;
  options.mels = 40;
  options.log = MelLog::kDecibel;
  options.top_db = 80;
  const auto mel = MelSpectrogram(Samples(4000), options);
  const std::vector<float> values = Values(mel);
  CHECK(mel->dims() == Dims{1, 40, 26});
  REQUIRE(values.size() == expected.size());
  float worst = 0;
  for (size_t i = 0; i < values.size(); ++i)
    worst = std::max(worst, std::abs(values[i] - expected[i]));
  CHECK(worst < 1e-3f);
}

TEST_CASE("Whisper's logarithm leaves out the last frame and spans two units") {
  MelOptions options;
  options.log = MelLog::kWhisper;
  const auto mel = MelSpectrogram(Samples(4000), options);
  CHECK(mel->dims() == Dims{1, 80, 25});
  const std::vector<float> values = Values(mel);
  CHECK(std::ranges::max(values) - std::ranges::min(values) <= 2.0001f);
}

TEST_CASE("Resampling keeps tones below the bound and loses those above") {
  struct Case {
    int64_t from, to;
  };
  for (const auto [from, to] :
       {Case{48'000, 16'000}, Case{44'100, 16'000}, Case{16'000, 48'000}, Case{8000, 16'000}}) {
    CAPTURE(from, to);
    const auto bound = static_cast<double>(std::min(from, to)) / 2;
    const size_t count = static_cast<size_t>(from) / 4;
    for (const double hz : {300.0, bound * 0.5, bound * 0.85}) {
      const std::vector<float> made = Values(ResampleAudio({Tone(hz, from, count), 1, from}, to));
      REQUIRE(made.size() == (count * static_cast<size_t>(to) + static_cast<size_t>(from) - 1) /
                                 static_cast<size_t>(from));
      const std::vector<float> wanted = Tone(hz, to, made.size());
      const size_t edge = made.size() / 5;
      float worst = 0;
      for (size_t i = edge; i < made.size() - edge; ++i)
        worst = std::max(worst, std::abs(made[i] - wanted[i]));
      CAPTURE(hz);
      CHECK(worst < 1e-3f);
    }
    if (from < to) continue;
    const std::vector<float> lost =
        Values(ResampleAudio({Tone(bound * 1.2, from, count), 1, from}, to));
    float loudest = 0;
    for (size_t i = lost.size() / 5; i < lost.size() * 4 / 5; ++i)
      loudest = std::max(loudest, std::abs(lost[i]));
    CHECK(loudest < 1e-3f);
  }
}

TEST_CASE("Channels are averaged; the same rate changes nothing") {
  const std::vector<float> two{1, 2, 3, 5, 6, 7};
  CHECK(Values(ResampleAudio({two, 2, 16'000}, 16'000)) == std::vector<float>{3, 4, 5});
  CHECK(Values(ResampleAudio({{}, 1, 8000}, 16'000)).empty());
}

TEST_CASE("What is no sound is refused") {
  const std::vector<float> three{1, 2, 3};
  CHECK(ResampleAudio({three, 2, 8000}, 16'000).error().code == ErrorCode::kInvalidArgument);
  CHECK(ResampleAudio({three, 1, 0}, 16'000).error().code == ErrorCode::kInvalidArgument);
  CHECK(ResampleAudio({three, 1, 999'983}, 16'001).error().code == ErrorCode::kInvalidArgument);
  MelOptions options;
  CHECK(MelSpectrogram({}, options).error().code == ErrorCode::kInvalidArgument);
  options.window = 500;
  CHECK(MelSpectrogram(three, options).error().code == ErrorCode::kInvalidArgument);
  options = {};
  options.high_hz = -1;
  CHECK(MelSpectrogram(three, options).error().code == ErrorCode::kInvalidArgument);
  options = {};
  options.centre = false;
  CHECK(MelSpectrogram(three, options).error().code == ErrorCode::kInvalidArgument);
}
