// A convolution written down a second time, from the specification, with plain index arithmetic on
// maps of coordinates: what the operators' own loops are compared with.
#pragma once

#include <functional>

#include "support/run_op.h"

namespace insitu::test {

// One randomised convolution; spatial lists have one entry per axis.
struct ConvCase {
  int64_t batch = 1, groups = 1, depth = 1, filters = 1;  // channels per group
  std::vector<int64_t> extent, kernel, stride, dilation, pads;

  size_t rank() const { return extent.size(); }
  Dims XDims() const { return With(batch, groups * depth, extent); }
  Dims WDims() const { return With(groups * filters, depth, kernel); }
  Dims YDims() const {
    std::vector<int64_t> output;
    for (size_t i = 0; i < rank(); ++i)
      output.push_back(
          (extent[i] + pads[i] + pads[i + rank()] - (kernel[i] - 1) * dilation[i] - 1) / stride[i] +
          1);
    return With(batch, groups * filters, output);
  }
  Attributes Attrs() const {
    return {{"group", groups},
            {"kernel_shape", kernel},
            {"strides", stride},
            {"dilations", dilation},
            {"pads", pads}};
  }
  static Dims With(int64_t a, int64_t b, const std::vector<int64_t>& rest) {
    Dims dims = {a, b};
    dims.insert(dims.end(), rest.begin(), rest.end());
    return dims;
  }
};

inline int64_t Flat(const Dims& dims, const std::vector<int64_t>& at) {
  int64_t flat = 0;
  for (size_t i = 0; i < dims.size(); ++i) flat = flat * dims[i] + at[i];
  return flat;
}

// The coordinates of element `flat`.
inline std::vector<int64_t> Unflat(const Dims& dims, int64_t flat) {
  std::vector<int64_t> at(dims.size());
  for (size_t i = dims.size(); i-- > 0; flat /= dims[i]) at[i] = flat % dims[i];
  return at;
}

// For every output: the sum of product(x index, w index) over taps inside the input.
inline std::vector<double> NaiveConv(const ConvCase& c,
                                     const std::function<double(int64_t, int64_t)>& product) {
  const Dims x = c.XDims(), w = c.WDims(), y = c.YDims();
  std::vector<double> result;
  for (int64_t i = 0; i < ElementsUnchecked(y); ++i) {
    const auto out = Unflat(y, i);
    double sum = 0;
    const Dims taps = ConvCase::With(1, c.depth, c.kernel);
    for (int64_t t = 0; t < ElementsUnchecked(taps); ++t) {
      auto tap = Unflat(taps, t);
      std::vector<int64_t> in = {out[0], out[1] / c.filters * c.depth + tap[1]};
      bool inside = true;
      for (size_t s = 0; s < c.rank(); ++s) {
        in.push_back(out[2 + s] * c.stride[s] + tap[2 + s] * c.dilation[s] - c.pads[s]);
        inside = inside && in.back() >= 0 && in.back() < c.extent[s];
      }
      tap[0] = out[1];
      if (inside) sum += product(Flat(x, in), Flat(w, tap));
    }
    result.push_back(sum);
  }
  return result;
}

// A random case with 1 to 3 spatial axes whose output is not empty.
inline ConvCase RandomConvCase(std::mt19937& random, size_t rank) {
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  ConvCase c;
  c.batch = pick(1, 2);
  c.groups = pick(1, 3);
  c.depth = pick(1, 3);
  c.filters = pick(1, 3);
  for (size_t i = 0; i < rank; ++i) {
    c.kernel.push_back(pick(1, 3));
    c.stride.push_back(pick(1, 3));
    c.dilation.push_back(pick(1, 2));
    c.extent.push_back((c.kernel[i] - 1) * c.dilation[i] + 1 + pick(0, 5));
  }
  for (size_t i = 0; i < 2 * rank; ++i) c.pads.push_back(pick(0, 2));
  return c;
}

}  // namespace insitu::test
