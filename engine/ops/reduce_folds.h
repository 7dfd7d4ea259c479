// The ten reductions as folds over blocks: what reduce.cc computes of every group of elements.
// Each has the types it takes, the value of nothing, Fold of a block and Finish.
// Invariant: integers wrap; what has no integer meaning (roots, logarithms) is computed in double
// (kInDouble) and truncated by storing. A NaN among the elements gives NaN.
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

#include "ops/infer_util.h"

namespace insitu::reduction {

inline constexpr DTypeSet kSummedTypes = kFloatTypes | kIntegerTypes;

// What a group has come to so far. `peak` is for LogSumExp: the largest element, which is taken
// off every exponent.
template <class T>
struct Partial {
  T value;
  T peak = 0;
};

template <class T>
T WrappingAdd(T a, T b) {
  if constexpr (std::is_same_v<T, double>)
    return a + b;
  else
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
template <class T>
T WrappingMultiply(T a, T b) {
  if constexpr (std::is_same_v<T, double>)
    return a * b;
  else
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
template <class T>
T Absolute(T value) {
  return value < 0 ? WrappingMultiply<T>(value, static_cast<T>(-1)) : value;
}

// The frame of those that combine element by element: Op::Of(so far, value).
template <class Op>
struct Elementwise {
  static constexpr DTypeSet kTypes = kSummedTypes;
  static constexpr bool kInDouble = false;
  template <class T>
  static T Start() {
    return 0;
  }
  template <class T>
  static void Fold(Partial<T>& partial, const T* values, int64_t count) {
    for (int64_t i = 0; i < count; ++i) partial.value = Op::Of(partial.value, values[i]);
  }
  template <class T>
  static T Finish(const Partial<T>& partial, int64_t) {
    return partial.value;
  }
};

struct Sum : Elementwise<Sum> {
  static Dim OfDims(const Dim& sum, const Dim& value) { return sum + value; }
  template <class T>
  static T Of(T sum, T value) {
    return WrappingAdd(sum, value);
  }
};
struct Mean : Elementwise<Sum> {
  template <class T>
  static T Finish(const Partial<T>& partial, int64_t count) {
    if (!std::is_same_v<T, double> && count == 0) return partial.value;
    return partial.value / static_cast<T>(count);
  }
};
struct L1 : Elementwise<L1> {
  template <class T>
  static T Of(T sum, T value) {
    return WrappingAdd(sum, Absolute(value));
  }
};
struct SumSquare : Elementwise<SumSquare> {
  template <class T>
  static T Of(T sum, T value) {
    return WrappingAdd(sum, WrappingMultiply(value, value));
  }
};
struct Product : Elementwise<Product> {
  static Dim OfDims(const Dim& product, const Dim& value) { return product * value; }
  template <class T>
  static T Start() {
    return 1;
  }
  template <class T>
  static T Of(T product, T value) {
    return WrappingMultiply(product, value);
  }
};
struct Maximum : Elementwise<Maximum> {
  static Dim OfDims(const Dim& most, const Dim& value) { return Max(most, value); }
  static constexpr DTypeSet kTypes = kNumericTypes | kBoolType;
  template <class T>
  static T Start() {
    return std::is_same_v<T, double> ? -std::numeric_limits<T>::infinity()
                                     : std::numeric_limits<T>::min();
  }
  template <class T>
  static T Of(T most, T value) {
    return most != most || most > value ? most : value;
  }
};
struct Minimum : Elementwise<Minimum> {
  static Dim OfDims(const Dim& least, const Dim& value) { return Min(least, value); }
  static constexpr DTypeSet kTypes = kNumericTypes | kBoolType;
  template <class T>
  static T Start() {
    return std::is_same_v<T, double> ? std::numeric_limits<T>::infinity()
                                     : std::numeric_limits<T>::max();
  }
  template <class T>
  static T Of(T least, T value) {
    return least != least || least < value ? least : value;
  }
};
struct L2 : Elementwise<SumSquare> {
  static constexpr bool kInDouble = true;
  static double Finish(const Partial<double>& partial, int64_t) { return std::sqrt(partial.value); }
};
struct LogSum : Elementwise<Sum> {
  static constexpr bool kInDouble = true;
  static double Finish(const Partial<double>& partial, int64_t) { return std::log(partial.value); }
};
// log(sum(exp(v - peak))) + peak, so that nothing overflows.
struct LogSumExp {
  static constexpr DTypeSet kTypes = kSummedTypes;
  static constexpr bool kInDouble = true;
  template <class T>
  static T Start() {
    return 0;
  }
  static void Fold(Partial<double>& partial, const double* values, int64_t count) {
    double peak = partial.value == 0 ? -std::numeric_limits<double>::infinity() : partial.peak;
    for (int64_t i = 0; i < count; ++i) peak = std::fmax(peak, values[i]);
    if (!std::isfinite(peak)) peak = 0;
    double sum = partial.value == 0 ? 0 : partial.value * std::exp(partial.peak - peak);
    for (int64_t i = 0; i < count; ++i) sum += std::exp(values[i] - peak);
    partial = {sum, peak};
  }
  static double Finish(const Partial<double>& partial, int64_t) {
    return std::log(partial.value) + partial.peak;
  }
};

}  // namespace insitu::reduction
