// Fft: the discrete Fourier transform of one length, prepared once for many lines.
// y[k] = sum over n of x[n] exp(-2 pi i k n / N), its inverse with exp(+...) / N.
// Powers of two by radix 2, other lengths as a convolution with a chirp (Bluestein's algorithm), so
// that every length takes O(N log N).
#pragma once

#include "base/tensor.h"

namespace insitu {

struct Complex {
  double re = 0, im = 0;
};

inline Complex operator*(Complex a, Complex b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

class Fft {
 public:
  // `length` at least 1; LimitExceeded or OutOfMemory.
  static Result<Fft> Make(int64_t length);

  // In place, `length` elements.
  void Forward(Complex* data);
  void Inverse(Complex* data);

 private:
  void RadixTwo(Complex* data) const;  // size_ elements

  int64_t length_ = 1;
  int64_t size_ = 1;                // of the radix-2 transform
  Tensor roots_;                    // exp(-2 pi i k / size_), k < size_ / 2
  Tensor chirp_, spectrum_, work_;  // empty for powers of two
};

// `count` complex numbers, uninitialised.
Result<Tensor> AllocateComplex(int64_t count);
inline Complex* ComplexData(Tensor& tensor) { return reinterpret_cast<Complex*>(tensor.data()); }
inline const Complex* ComplexData(const Tensor& tensor) {
  return reinterpret_cast<const Complex*>(tensor.data());
}

}  // namespace insitu
