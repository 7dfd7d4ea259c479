// Copies, and the ratio in decibels.
#include "quantize/samples.h"

#include <algorithm>
#include <cmath>

#include "quantize/quantizer.h"

namespace insitu {
namespace {

size_t BytesOf(std::span<const NamedTensor> tensors) {
  size_t bytes = 0;
  for (const NamedTensor& named : tensors)
    if (HasBytes(named.tensor.dtype())) bytes += named.tensor.size_bytes();
  return bytes;
}

Result<std::vector<NamedTensor>> Copies(std::span<const NamedTensor> tensors) {
  std::vector<NamedTensor> copies;
  for (const NamedTensor& named : tensors) {
    INSITU_ASSIGN(Tensor copy, named.tensor.Copy());
    copies.push_back({named.name, std::move(copy)});
  }
  return copies;
}

}  // namespace

Status Samples::Add(std::span<const NamedTensor> feeds, std::span<const NamedTensor> outputs) {
  const size_t bytes = BytesOf(feeds) + BytesOf(outputs);
  if (samples_.size() == kMostSamples || bytes_ + bytes > kMostBytes) return {};
  Sample sample;
  INSITU_ASSIGN(sample.feeds, Copies(feeds));
  INSITU_ASSIGN(sample.outputs, Copies(outputs));
  samples_.push_back(std::move(sample));
  bytes_ += bytes;
  return {};
}

Result<std::optional<double>> Samples::Compare(Session& session, int samples) const {
  if (samples_.empty() || samples < 1) return std::nullopt;
  Sqnr sqnr;
  for (size_t i = 0; i < std::min(samples_.size(), static_cast<size_t>(std::max(samples, 0)));
       ++i) {
    INSITU_ASSIGN(const auto got, session.Run(samples_[i].feeds));
    for (const NamedTensor& wanted : samples_[i].outputs) {
      const auto found = std::ranges::find(got, wanted.name, &NamedTensor::name);
      if (found != got.end() && wanted.tensor.dtype() == DType::kFloat32 &&
          found->tensor.elements() == wanted.tensor.elements())
        sqnr.Add(wanted.tensor.As<float>(), found->tensor.As<float>());
    }
  }
  return sqnr.decibels();
}

void Sqnr::Add(std::span<const float> wanted, std::span<const float> got) {
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double difference = static_cast<double>(wanted[i]) - got[i];
    signal_ += static_cast<double>(wanted[i]) * wanted[i];
    noise_ += difference * difference;
  }
}

double Sqnr::decibels() const {
  if (noise_ == 0) return LayerError::kExact;
  if (signal_ == 0) return -LayerError::kExact;
  return std::clamp(10 * std::log10(signal_ / noise_), -LayerError::kExact, LayerError::kExact);
}

}  // namespace insitu
