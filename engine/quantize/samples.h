// Samples that a quantizer keeps to measure with, and what the float model made of them.
// Invariant: at most kMostSamples and kMostBytes; feeds are copies.
#pragma once

#include <vector>

#include "base/error.h"
#include "session/session.h"

namespace insitu {

class Samples {
 public:
  // Keeps a sample if there is room.
  Status Add(std::span<const NamedTensor> feeds, std::span<const NamedTensor> outputs);
  size_t count() const { return samples_.size(); }
  // The signal-to-quantization-noise ratio of a model's float outputs over `samples` of those kept:
  // LayerError::output_sqnr.
  Result<std::optional<double>> Compare(Session& session, int samples) const;

 private:
  static constexpr size_t kMostSamples = 64;
  static constexpr size_t kMostBytes = size_t{64} << 20;

  struct Sample {
    std::vector<NamedTensor> feeds, outputs;
  };
  std::vector<Sample> samples_;
  size_t bytes_ = 0;
};

// 10 log10(sum of squares of `wanted` / sum of squares of the differences), in parts.
class Sqnr {
 public:
  void Add(std::span<const float> wanted, std::span<const float> got);
  double decibels() const;

 private:
  double signal_ = 0, noise_ = 0;
};

}  // namespace insitu
