// Radix 2 and the chirp transform.
#include "base/fft.h"

#include <bit>
#include <cmath>
#include <numbers>
#include <utility>

namespace insitu {
namespace {

Complex Root(double turns) {
  const double angle = -2 * std::numbers::pi * turns;
  return {std::cos(angle), std::sin(angle)};
}

Complex Conjugate(Complex z) { return {z.re, -z.im}; }

}  // namespace

Result<Tensor> AllocateComplex(int64_t count) {
  return Tensor::Allocate(DType::kFloat64, {count, 2});
}

Result<Fft> Fft::Make(int64_t length) {
  INSITU_TRY(Elements(std::vector<int64_t>{length, 4}));
  Fft fft;
  fft.length_ = length;
  const bool power = std::has_single_bit(static_cast<uint64_t>(length));
  fft.size_ =
      power ? length : static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(2 * length - 1)));
  INSITU_ASSIGN(fft.roots_, AllocateComplex(std::max<int64_t>(fft.size_ / 2, 1)));
  Complex* roots = ComplexData(fft.roots_);
  for (int64_t k = 0; k < fft.size_ / 2; ++k)
    roots[k] = Root(static_cast<double>(k) / static_cast<double>(fft.size_));
  if (power) return fft;

  INSITU_ASSIGN(fft.chirp_, AllocateComplex(length));
  INSITU_ASSIGN(fft.spectrum_, AllocateComplex(fft.size_));
  INSITU_ASSIGN(fft.work_, AllocateComplex(fft.size_));
  Complex *chirp = ComplexData(fft.chirp_), *spectrum = ComplexData(fft.spectrum_);
  for (int64_t k = 0; k < fft.size_; ++k) spectrum[k] = {};
  for (int64_t k = 0; k < length; ++k) {
    const int64_t square = k * k % (2 * length);
    chirp[k] = Root(static_cast<double>(square) / static_cast<double>(2 * length));
    spectrum[k] = Conjugate(chirp[k]);
    if (k > 0) spectrum[fft.size_ - k] = spectrum[k];
  }
  fft.RadixTwo(spectrum);
  return fft;
}

void Fft::RadixTwo(Complex* data) const {
  const Complex* roots = ComplexData(roots_);
  for (int64_t i = 1, reversed = 0; i < size_; ++i) {
    int64_t bit = size_ >> 1;
    for (; reversed & bit; bit >>= 1) reversed ^= bit;
    reversed ^= bit;
    if (i < reversed) std::swap(data[i], data[reversed]);
  }
  for (int64_t half = 1; half < size_; half *= 2) {
    const int64_t step = size_ / (2 * half);
    for (int64_t start = 0; start < size_; start += 2 * half)
      for (int64_t k = 0; k < half; ++k) {
        const Complex even = data[start + k];
        const Complex odd = data[start + k + half] * roots[k * step];
        data[start + k] = {even.re + odd.re, even.im + odd.im};
        data[start + k + half] = {even.re - odd.re, even.im - odd.im};
      }
  }
}

void Fft::Forward(Complex* data) {
  if (chirp_.empty()) return RadixTwo(data);
  const Complex *chirp = ComplexData(chirp_), *spectrum = ComplexData(spectrum_);
  Complex* work = ComplexData(work_);
  for (int64_t k = 0; k < size_; ++k) work[k] = k < length_ ? data[k] * chirp[k] : Complex{};
  RadixTwo(work);
  for (int64_t k = 0; k < size_; ++k) work[k] = Conjugate(work[k] * spectrum[k]);
  RadixTwo(work);
  const double scale = 1 / static_cast<double>(size_);
  for (int64_t k = 0; k < length_; ++k) {
    const Complex product = Conjugate(work[k]) * chirp[k];
    data[k] = {product.re * scale, product.im * scale};
  }
}

void Fft::Inverse(Complex* data) {
  const double scale = 1 / static_cast<double>(length_);
  for (int64_t k = 0; k < length_; ++k) data[k].im = -data[k].im;
  Forward(data);
  for (int64_t k = 0; k < length_; ++k) data[k] = {data[k].re * scale, -data[k].im * scale};
}

}  // namespace insitu
