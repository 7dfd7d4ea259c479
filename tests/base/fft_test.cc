// The transform against the sum of its definition, for lengths of every kind, and back.
#include "base/fft.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <vector>

using namespace insitu;

TEST_CASE("A transform is the sum of its definition, for any length, and its inverse undoes it") {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  for (const int64_t length : {1, 2, 3, 8, 15, 30, 49, 97, 400, 512}) {
    const auto count = static_cast<size_t>(length);
    std::vector<Complex> samples(count);
    for (Complex& sample : samples) sample = {normal(random), normal(random)};
    auto fft = Fft::Make(length);
    REQUIRE(fft);
    std::vector<Complex> spectrum = samples;
    fft->Forward(spectrum.data());
    for (size_t k = 0; k < count; ++k) {
      std::complex<double> sum = 0;
      for (size_t n = 0; n < count; ++n)
        sum += std::complex(samples[n].re, samples[n].im) *
               std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k * n % count) /
                                   static_cast<double>(count));
      CAPTURE(length, k);
      CHECK(std::abs(std::complex(spectrum[k].re, spectrum[k].im) - sum) <
            1e-10 * static_cast<double>(length));
    }
    fft->Inverse(spectrum.data());
    for (size_t n = 0; n < count; ++n) {
      CHECK(std::abs(spectrum[n].re - samples[n].re) < 1e-12);
      CHECK(std::abs(spectrum[n].im - samples[n].im) < 1e-12);
    }
  }
  CHECK_FALSE(Fft::Make(int64_t{1} << 62));
}
