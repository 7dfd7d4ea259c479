// Resampling by a rational ratio: for every phase of the output a row of weights.
// Reference: J. O. Smith, Digital Audio Resampling, https://ccrma.stanford.edu/~jos/resample/.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>
#include <vector>

#include "preprocess/audio.h"

namespace insitu {
namespace {

constexpr double kCrossings = 32, kBeta = 12, kPassed = 0.95;
constexpr double kMaxWeights = 1 << 22;

// The modified Bessel function of order 0.
double Bessel(double x) {
  double term = 1, sum = 1;
  for (int k = 1; term > sum * 1e-17; ++k) {
    term *= x / (2 * k) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

// Of distance `x`, in samples of the lower rate.
double WindowedSinc(double x) {
  const double place = x / kCrossings;
  if (std::abs(place) >= 1) return 0;
  const double angle = std::numbers::pi * kPassed * x;
  const double sinc = angle == 0 ? 1 : std::sin(angle) / angle;
  return kPassed * sinc * Bessel(kBeta * std::sqrt(1 - place * place)) / Bessel(kBeta);
}

}  // namespace

Result<Tensor> ResampleAudio(const SourceAudio& source, int64_t rate) {
  constexpr int64_t kMaxRate = 1'000'000;
  if (source.channels < 1 || source.rate < 1 || rate < 1 || source.rate > kMaxRate ||
      rate > kMaxRate || source.samples.size() % static_cast<size_t>(source.channels) != 0)
    return Fail(ErrorCode::kInvalidArgument,
                "samples of " + std::to_string(source.channels) + " channels at " +
                    std::to_string(source.rate) + " Hz cannot be brought to " +
                    std::to_string(rate) + " Hz",
                "Pass channels of one length, and rates from 1 to 1,000,000 Hz.");
  const auto channels = static_cast<size_t>(source.channels);
  const auto length = static_cast<int64_t>(source.samples.size() / channels);
  if (channels > 1) {
    INSITU_ASSIGN(Tensor mono, Tensor::Allocate(DType::kFloat32, {length}));
    const std::span<float> mean = mono.View().As<float>();
    for (size_t i = 0; i < mean.size(); ++i) {
      double sum = 0;
      for (size_t c = 0; c < channels; ++c)
        sum += static_cast<double>(source.samples[c * mean.size() + i]);
      mean[i] = static_cast<float>(sum / static_cast<double>(channels));
    }
    return ResampleAudio({mean, 1, source.rate}, rate);
  }

  // Output i lies at i * down / up of the input.
  const int64_t common = std::gcd(source.rate, rate), up = rate / common,
                down = source.rate / common;
  const int64_t count = (length * up + down - 1) / down;
  INSITU_ASSIGN(Tensor result, Tensor::Allocate(DType::kFloat32, {1, count}));
  const std::span<float> to = result.View().As<float>();
  if (up == down) {
    std::ranges::copy(source.samples, to.begin());
    return result;
  }
  const double lower =
      std::min(1.0, static_cast<double>(up) / static_cast<double>(down));  // of the input's rate
  const auto reach = static_cast<int64_t>(std::ceil(kCrossings / lower)), taps = 2 * reach + 1;
  if (static_cast<double>(up) * static_cast<double>(taps) > kMaxWeights)
    return Fail(ErrorCode::kInvalidArgument,
                std::to_string(source.rate) + " Hz and " + std::to_string(rate) +
                    " Hz have too little in common",
                "Pass rates such as 44100, 48000 or 16000.");
  std::vector<float> weights(static_cast<size_t>(up * taps));
  for (int64_t phase = 0; phase < up; ++phase) {
    const double part = static_cast<double>(phase) / static_cast<double>(up);
    for (int64_t tap = 0; tap < taps; ++tap)
      weights[static_cast<size_t>(phase * taps + tap)] = static_cast<float>(
          lower * WindowedSinc((static_cast<double>(tap - reach) - part) * lower));
  }
  for (int64_t i = 0; i < count; ++i) {
    const int64_t place = i * down / up, phase = i * down % up;
    const int64_t first = std::max<int64_t>(place - reach, 0),
                  end = std::min(place + reach + 1, length);
    const float* weight = &weights[static_cast<size_t>(phase * taps + first - (place - reach))];
    float sum = 0;
    for (int64_t at = first; at < end; ++at)
      sum += source.samples[static_cast<size_t>(at)] * *weight++;
    to[static_cast<size_t>(i)] = sum;
  }
  return result;
}

}  // namespace insitu
