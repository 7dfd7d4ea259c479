// The mel spectrogram: frames, windowed, transformed, and summed by triangular filters.
// Reference: librosa.feature.melspectrogram, librosa.filters.mel and librosa.power_to_db, by their
// documentation.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "base/fft.h"
#include "preprocess/audio.h"

namespace insitu {
namespace {

// Slaney's scale is linear up to 1 kHz and logarithmic from there.
constexpr double kLinearHz = 200.0 / 3, kKneeHz = 1000, kKnee = kKneeHz / kLinearHz;
const double kLogStep = std::log(6.4) / 27;

double ToMel(double hz, bool htk) {
  if (htk) return 2595 * std::log10(1 + hz / 700);
  return hz < kKneeHz ? hz / kLinearHz : kKnee + std::log(hz / kKneeHz) / kLogStep;
}

double ToHz(double mel, bool htk) {
  if (htk) return 700 * (std::pow(10, mel / 2595) - 1);
  return mel < kKnee ? mel * kLinearHz : kKneeHz * std::exp(kLogStep * (mel - kKnee));
}

// A triangle over the bins from `first` on.
struct Filter {
  size_t first = 0;
  std::vector<double> weights;
};

std::vector<Filter> MakeFilters(const MelOptions& options, size_t bins) {
  const double low = ToMel(options.low_hz, options.htk), high = ToMel(options.high_hz, options.htk);
  const auto corner = [&](int64_t i) {
    return ToHz(low + (high - low) * static_cast<double>(i) / static_cast<double>(options.mels + 1),
                options.htk);
  };
  std::vector<Filter> filters;
  for (int64_t mel = 0; mel < options.mels; ++mel) {
    const double from = corner(mel), top = corner(mel + 1), to = corner(mel + 2);
    const double height = options.slaney ? 2 / (to - from) : 1;
    Filter filter;
    for (size_t bin = 0; bin < bins; ++bin) {
      const double hz = static_cast<double>(bin) * static_cast<double>(options.rate) /
                        static_cast<double>(options.fft_size);
      const double weight = std::min((hz - from) / (top - from), (to - hz) / (to - top));
      if (weight > 0) {
        if (filter.weights.empty()) filter.first = bin;
        filter.weights.push_back(weight * height);
      } else if (!filter.weights.empty()) {
        break;
      }
    }
    filters.push_back(std::move(filter));
  }
  return filters;
}

std::vector<double> MakeWindow(const MelOptions& options) {
  std::vector<double> window(static_cast<size_t>(options.fft_size));
  const int64_t first = (options.fft_size - options.window) / 2;
  for (int64_t i = 0; i < options.window; ++i)
    window[static_cast<size_t>(first + i)] =
        0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) /
                             static_cast<double>(options.window));
  return window;
}

// Sample `at`, before and behind the ends too.
double SampleAt(std::span<const float> samples, int64_t at, bool reflects) {
  const auto length = static_cast<int64_t>(samples.size());
  if (at >= 0 && at < length) return static_cast<double>(samples[static_cast<size_t>(at)]);
  if (!reflects) return 0;
  if (length == 1) return static_cast<double>(samples[0]);
  const int64_t period = 2 * (length - 1);
  at = ((at % period) + period) % period;
  return static_cast<double>(samples[static_cast<size_t>(at < length ? at : period - at)]);
}

Status Check(std::span<const float> samples, const MelOptions& o) {
  constexpr int64_t kMost = 1 << 16;
  if (o.rate < 1 || o.fft_size < 2 || o.fft_size > kMost || o.hop < 1 || o.window < 1 ||
      o.window > o.fft_size || o.mels < 1 || o.mels > 1024)
    return Fail(
        ErrorCode::kInvalidArgument, "no mel spectrogram has these sizes",
        "fftSize is 2 to 65536, windowLength at most that, hopLength 1 or more, mels 1 to 1024.");
  if (!(o.low_hz >= 0 && o.high_hz > o.low_hz && o.high_hz <= static_cast<double>(o.rate)) ||
      !(o.power > 0) || !(o.floor > 0))
    return Fail(ErrorCode::kInvalidArgument, "no mel spectrogram has these bounds",
                "0 <= fMin < fMax <= sampleRate; power and floor are above 0.");
  if (samples.empty() || (!o.centre && static_cast<int64_t>(samples.size()) < o.fft_size))
    return Fail(ErrorCode::kInvalidArgument,
                std::to_string(samples.size()) + " samples are too few for a frame",
                "Pass at least fftSize samples, or one with center.");
  return {};
}

void TakeLogarithm(std::span<float> values, const MelOptions& options) {
  if (options.log == MelLog::kNone) return;
  const auto decibel = options.log == MelLog::kDecibel;
  for (float& value : values) {
    const double at_least = std::max(static_cast<double>(value), options.floor);
    const double logarithm = options.log == MelLog::kLn ? std::log(at_least) : std::log10(at_least);
    value = static_cast<float>(decibel ? 10 * logarithm : logarithm);
  }
  const float loudest = std::ranges::max(values);
  if (decibel && options.top_db >= 0) {
    for (float& value : values)
      value = std::max(value, loudest - static_cast<float>(options.top_db));
  }
  if (options.log != MelLog::kWhisper) return;
  for (float& value : values) value = (std::max(value, loudest - 8) + 4) / 4;
}

}  // namespace

Result<Tensor> MelSpectrogram(std::span<const float> samples, const MelOptions& options) {
  INSITU_TRY(Check(samples, options));
  const auto length = static_cast<int64_t>(samples.size());
  const int64_t before = options.centre ? options.fft_size / 2 : 0;
  const int64_t padded = length + 2 * before;
  int64_t frames = (padded - options.fft_size) / options.hop + 1;
  if (options.log == MelLog::kWhisper && frames > 1) --frames;

  INSITU_ASSIGN(Fft fft, Fft::Make(options.fft_size));
  INSITU_ASSIGN(Tensor line, AllocateComplex(options.fft_size));
  const size_t bins = static_cast<size_t>(options.fft_size) / 2 + 1;
  const std::vector<double> window = MakeWindow(options);
  const std::vector<Filter> filters = MakeFilters(options, bins);
  INSITU_ASSIGN(Tensor result, Tensor::Allocate(DType::kFloat32, {1, options.mels, frames}));
  const std::span<float> values = result.View().As<float>();
  std::vector<double> powers(bins);
  for (int64_t t = 0; t < frames; ++t) {
    const int64_t first = t * options.hop - before;
    Complex* const frame = ComplexData(line);
    for (size_t i = 0; i < window.size(); ++i) {
      const double weight = window[i];
      frame[i] = {weight == 0 ? 0
                              : weight * SampleAt(samples, first + static_cast<int64_t>(i),
                                                  options.reflects),
                  0};
    }
    fft.Forward(frame);
    for (size_t k = 0; k < bins; ++k) {
      const double power = frame[k].re * frame[k].re + frame[k].im * frame[k].im;
      powers[k] = options.power == 2 ? power : std::pow(power, options.power / 2);
    }
    for (size_t mel = 0; mel < filters.size(); ++mel) {
      double sum = 0;
      for (size_t i = 0; i < filters[mel].weights.size(); ++i)
        sum += filters[mel].weights[i] * powers[filters[mel].first + i];
      values[mel * static_cast<size_t>(frames) + static_cast<size_t>(t)] = static_cast<float>(sum);
    }
  }
  TakeLogarithm(values, options);
  return result;
}

}  // namespace insitu
