// Blocks of elements in one of three arithmetics, whatever their type in memory: how reference
// kernels serve every dtype without being compiled for each (the size of the wasm is ours to keep).
// Invariant: floats are computed in double; bool and integers in int64, uint64 in uint64. Storing
// rounds a double to the float type and wraps an integer to its width, as C++ and numpy do.
#pragma once

#include <cstdint>

#include "base/small_float.h"
#include "base/tensor.h"

namespace insitu {

inline constexpr int64_t kBlock = 256;

enum class Arithmetic : uint8_t { kReal, kSigned, kUnsigned };

// Not for strings.
constexpr Arithmetic ArithmeticOf(DType dtype) {
  if (dtype == DType::kUint64) return Arithmetic::kUnsigned;
  switch (dtype) {
    case DType::kUint8:
    case DType::kInt8:
    case DType::kUint16:
    case DType::kInt16:
    case DType::kUint32:
    case DType::kInt32:
    case DType::kInt64:
    case DType::kBool:
    case DType::kUint4:
    case DType::kInt4:
      return Arithmetic::kSigned;
    default:
      return Arithmetic::kReal;
  }
}

// to[i] = from[offset + i * stride], converted as C++ does (NaN and out-of-range to integer:
// 0 and the nearest limit). T is double, int64_t or uint64_t.
template <class T>
void LoadElements(const TensorView& from, int64_t offset, int64_t stride, int64_t count, T* to);
// to[offset + i * stride] = from[i]; `overflow` concerns float8 alone.
template <class T>
void StoreElements(const T* from, int64_t count, const TensorView& to, int64_t offset,
                   int64_t stride = 1, OnOverflow overflow = OnOverflow::kSaturate);

// One element; for attributes, bounds and the like.
inline double LoadReal(const TensorView& from, int64_t offset) {
  double value;
  LoadElements(from, offset, 1, 1, &value);
  return value;
}
inline int64_t LoadInteger(const TensorView& from, int64_t offset) {
  int64_t value;
  LoadElements(from, offset, 1, 1, &value);
  return value;
}

// Whether the integer type can hold the value.
bool FitsInteger(DType dtype, int64_t value);

// Calls f with a T{} of the arithmetic of `dtype`.
template <class F>
auto WithArithmetic(DType dtype, F&& f) {
  switch (ArithmeticOf(dtype)) {
    case Arithmetic::kReal:
      return f(double{});
    case Arithmetic::kUnsigned:
      return f(uint64_t{});
    default:
      return f(int64_t{});
  }
}

}  // namespace insitu
