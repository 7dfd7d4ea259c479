// The discrete Fourier transform of real samples, for any length: mixed radix over its prime
// factors. Invariant: power(k) = |sum over n of x[n] e^(-2 pi i k n / size)|^2 to about 1e-13 of
// the largest.
#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

namespace insitu {

class Fourier {
 public:
  explicit Fourier(size_t size);
  size_t bins() const { return size_ / 2 + 1; }
  // `samples` has `size` elements, `powers` bins().
  void Powers(std::span<const double> samples, std::span<double> powers);

 private:
  using Complex = std::complex<double>;
  // Of the n samples at `from`, `stride` apart, the transform at `to`; the first `level` factors
  // are used up.
  void Transform(const double* from, size_t stride, Complex* to, size_t n, size_t level);

  size_t size_;
  std::vector<size_t> factors_;
  std::vector<Complex> roots_;  // e^(-2 pi i k / size)
  std::vector<Complex> spectrum_, column_;
};

}  // namespace insitu
