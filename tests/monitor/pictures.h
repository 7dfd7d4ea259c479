// Synthetic photographs, for what judges images: smooth shapes, edges, grain, and a tint.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "base/tensor.h"
#include "streams.h"

namespace insitu {

// An RGB image in planes, values in 0..1.
struct Picture {
  static constexpr int kSide = 64;

  std::vector<float> values = std::vector<float>(size_t{3} * kSide * kSide);

  float& At(int channel, int y, int x) {
    return values[static_cast<size_t>((channel * kSide + y) * kSide + x)];
  }
  TensorView View() {
    return {DType::kFloat32,
            {1, 3, kSide, kSide},
            reinterpret_cast<std::byte*>(values.data()),
            nullptr};
  }
};

// Light and contrast vary as a camera's indoors do; red is stronger than blue.
inline Picture TakePicture(std::mt19937_64& random) {
  Normal normal;
  const double light = 0.45 + 0.05 * normal(random),
               contrast = 0.18 * std::exp(0.2 * normal(random));
  double waves[4][4];
  for (auto& wave : waves) {
    wave[0] = 0.3 * Uniform(random);
    wave[1] = 0.3 * Uniform(random);
    wave[2] = 6.28 * Uniform(random);
    wave[3] = 0.5 + Uniform(random);
  }
  const int edge = static_cast<int>(Uniform(random) * Picture::kSide);
  const double step = 0.6 * normal(random);
  const double tint[3] = {1.25 + 0.05 * normal(random), 1.0, 0.75 + 0.05 * normal(random)};
  Picture picture;
  for (int y = 0; y < Picture::kSide; ++y)
    for (int x = 0; x < Picture::kSide; ++x) {
      double shape = x < edge ? step : -step;
      for (const auto& wave : waves)
        shape += wave[3] * std::sin(wave[0] * x + wave[1] * y + wave[2]);
      for (int channel = 0; channel < 3; ++channel) {
        const double grain = 0.015 * normal(random);
        const double value = tint[channel] * (light + contrast * shape / 2) + grain;
        picture.At(channel, y, x) = static_cast<float>(std::clamp(value, 0.0, 1.0));
      }
    }
  return picture;
}

}  // namespace insitu
