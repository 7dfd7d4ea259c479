// Decimation in time, one prime factor a level.
#include "preprocess/fourier.h"

#include <numbers>

namespace insitu {
namespace {

// (a + bi)(c + di) without the checks for infinities of operator*.
std::complex<double> Product(std::complex<double> a, std::complex<double> b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

}  // namespace

Fourier::Fourier(size_t size) : size_(size), roots_(size), spectrum_(size) {
  size_t rest = size;
  for (size_t factor = 2; rest > 1; ++factor) {
    if (factor * factor > rest) factor = rest;
    for (; rest % factor == 0; rest /= factor) factors_.push_back(factor);
  }
  for (size_t k = 0; k < size; ++k)
    roots_[k] =
        std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(size));
  column_.resize(factors_.empty() ? 1 : factors_.back());
}

void Fourier::Powers(std::span<const double> samples, std::span<double> powers) {
  Transform(samples.data(), 1, spectrum_.data(), size_, 0);
  for (size_t k = 0; k < bins(); ++k) powers[k] = std::norm(spectrum_[k]);
}

void Fourier::Transform(const double* from, size_t stride, Complex* to, size_t n, size_t level) {
  if (n == 1) {
    *to = *from;
    return;
  }
  const size_t factor = factors_[level], part = n / factor;
  for (size_t i = 0; i < factor; ++i)
    Transform(from + i * stride, stride * factor, to + i * part, part, level + 1);
  for (size_t k = 0; k < part; ++k) {
    for (size_t i = 0; i < factor; ++i)
      column_[i] = Product(to[i * part + k], roots_[i * k * stride]);
    for (size_t q = 0; q < factor; ++q) {
      Complex sum = column_[0];
      for (size_t i = 1; i < factor; ++i)
        sum += Product(column_[i], roots_[i * q % factor * (size_ / factor)]);
      to[q * part + k] = sum;
    }
  }
}

}  // namespace insitu
