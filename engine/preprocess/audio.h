// Samples -> mono at another rate, and their mel spectrogram.
// Invariant: nothing is kept between calls; the same samples give the same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/buffer.h"
#include "base/error.h"
#include "base/tensor.h"

namespace insitu {

// Channels one behind the other, `length` samples each; rates in Hz.
struct SourceAudio {
  std::span<const float> samples;
  int64_t channels = 1;
  int64_t rate = 0;
};

// The mean of the channels at another rate, band-limited to 0.95 of the lower Nyquist frequency: a
// sinc of 32 zero crossings a side under a Kaiser window (beta 12), float32 [1, ceil(length * rate
// / source.rate)]. InvalidArgument, OutOfMemory.
Result<Tensor> ResampleAudio(const SourceAudio& source, int64_t rate);

enum class MelLog : uint8_t { kNone, kDecibel, kLn, kLog10, kWhisper };

// As librosa.feature.melspectrogram has them.
struct MelOptions {
  int64_t rate = 16'000;
  int64_t fft_size = 400, hop = 160,
          window = 400;  // samples; a periodic Hann window, in the middle of fft_size
  int64_t mels = 80;
  double low_hz = 0, high_hz = 8000;
  bool htk = false;      // HTK's scale instead of Slaney's
  bool slaney = true;    // filters have unit area
  bool centre = true;    // half of fft_size before and behind
  bool reflects = true;  // ... of the mirrored samples, else zeros
  double power = 2;
  MelLog log = MelLog::kNone;
  double floor = 1e-10;  // below which the logarithm does not look
  double top_db = -1;    // decibels below the loudest that are kept; below 0: all
};

// Of the samples of one channel, float32 [1, mels, frames]. kWhisper is log10 from 8 below the
// loudest, (x + 4) / 4, without the last frame. InvalidArgument, OutOfMemory.
Result<Tensor> MelSpectrogram(std::span<const float> samples, const MelOptions& options);

}  // namespace insitu
