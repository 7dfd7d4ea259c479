// The one place where element types are told apart: loading from and storing to memory.
#include "ops/elements.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace insitu {
namespace {

// C++ leaves an out-of-range float-to-integer conversion undefined; here it saturates.
template <class To, class From>
To Convert(From value) {
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (std::isnan(value)) return 0;
    constexpr double kLow = static_cast<double>(std::numeric_limits<To>::min());
    constexpr double kHigh = static_cast<double>(std::numeric_limits<To>::max());
    if (value <= kLow) return std::numeric_limits<To>::min();
    if (value >= kHigh) return std::numeric_limits<To>::max();
    return static_cast<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

template <class Stored, class T>
void LoadPlain(const std::byte* data, int64_t offset, int64_t stride, int64_t count, T* to) {
  const Stored* from = reinterpret_cast<const Stored*>(data) + offset;
  for (int64_t i = 0; i < count; ++i) to[i] = Convert<T>(from[i * stride]);
}

template <class Stored, class T>
void StorePlain(const T* from, int64_t count, std::byte* data, int64_t offset, int64_t stride) {
  Stored* to = reinterpret_cast<Stored*>(data) + offset;
  for (int64_t i = 0; i < count; ++i) to[i * stride] = Convert<Stored>(from[i]);
}

template <class Stored>
void LoadSmall(DType dtype, const std::byte* data, int64_t offset, int64_t stride, int64_t count,
               double* to) {
  const SmallFloat format = SmallFloatOf(dtype);
  const Stored* from = reinterpret_cast<const Stored*>(data) + offset;
  for (int64_t i = 0; i < count; ++i) to[i] = DecodeSmallFloat(format, from[i * stride]);
}

template <class Stored>
void StoreSmall(DType dtype, const double* from, int64_t count, std::byte* data, int64_t offset,
                int64_t stride, OnOverflow overflow) {
  const SmallFloat format = SmallFloatOf(dtype);
  if (format.exponent_bits + format.mantissa_bits > 7) overflow = OnOverflow::kInfinity;
  Stored* to = reinterpret_cast<Stored*>(data) + offset;
  for (int64_t i = 0; i < count; ++i)
    to[i * stride] = static_cast<Stored>(EncodeSmallFloat(format, from[i], overflow));
}

int64_t LoadNibble(DType dtype, const std::byte* data, int64_t index) {
  const int byte = std::to_integer<int>(data[index / 2]);
  const int nibble = index % 2 ? byte >> 4 : byte & 15;
  return dtype == DType::kInt4 && nibble > 7 ? nibble - 16 : nibble;
}

void StoreNibble(int64_t value, std::byte* data, int64_t index) {
  const auto nibble = static_cast<std::byte>(value & 15);
  std::byte& byte = data[index / 2];
  byte = index % 2 ? (byte & std::byte{15}) | nibble << 4 : (byte & std::byte{0xf0}) | nibble;
}

// The unused half of the last byte of an odd number of elements is 0.
void ClearPadding(const TensorView& tensor) {
  const int64_t elements = tensor.elements();
  if (elements % 2) tensor.data[elements / 2] &= std::byte{15};
}

// Floats saturate to the four bits, integers wrap.
template <class T>
int64_t ToNibble(DType dtype, T value) {
  const int64_t integer = Convert<int64_t>(value);
  if constexpr (!std::is_floating_point_v<T>) return integer;
  const int64_t low = dtype == DType::kInt4 ? -8 : 0;
  return std::clamp<int64_t>(integer, low, low + 15);
}

bool IsSmallFloat(DType dtype) {
  return ArithmeticOf(dtype) == Arithmetic::kReal && BitWidth(dtype) > 0 && BitWidth(dtype) < 32;
}

}  // namespace

template <class T>
void LoadElements(const TensorView& from, int64_t offset, int64_t stride, int64_t count, T* to) {
  const std::byte* data = from.data;
  if (IsSmallFloat(from.dtype)) {
    for (int64_t done = 0; done < count; done += kBlock) {
      double block[kBlock];
      double* target = block;
      const int64_t n = std::min(kBlock, count - done);
      if constexpr (std::is_same_v<T, double>) target = to + done;
      const int64_t start = offset + done * stride;
      if (BitWidth(from.dtype) == 16)
        LoadSmall<uint16_t>(from.dtype, data, start, stride, n, target);
      else
        LoadSmall<uint8_t>(from.dtype, data, start, stride, n, target);
      if constexpr (!std::is_same_v<T, double>)
        for (int64_t i = 0; i < n; ++i) to[done + i] = Convert<T>(block[i]);
    }
    return;
  }
  switch (from.dtype) {
    case DType::kFloat32:
      return LoadPlain<float>(data, offset, stride, count, to);
    case DType::kFloat64:
      return LoadPlain<double>(data, offset, stride, count, to);
    case DType::kBool:
    case DType::kUint8:
      return LoadPlain<uint8_t>(data, offset, stride, count, to);
    case DType::kInt8:
      return LoadPlain<int8_t>(data, offset, stride, count, to);
    case DType::kUint16:
      return LoadPlain<uint16_t>(data, offset, stride, count, to);
    case DType::kInt16:
      return LoadPlain<int16_t>(data, offset, stride, count, to);
    case DType::kUint32:
      return LoadPlain<uint32_t>(data, offset, stride, count, to);
    case DType::kInt32:
      return LoadPlain<int32_t>(data, offset, stride, count, to);
    case DType::kUint64:
      return LoadPlain<uint64_t>(data, offset, stride, count, to);
    case DType::kInt64:
      return LoadPlain<int64_t>(data, offset, stride, count, to);
    case DType::kUint4:
    case DType::kInt4:
      for (int64_t i = 0; i < count; ++i)
        to[i] = static_cast<T>(LoadNibble(from.dtype, data, offset + i * stride));
      return;
    default:
      return;
  }
}

template <class T>
void StoreElements(const T* from, int64_t count, const TensorView& to, int64_t offset,
                   int64_t stride, OnOverflow overflow) {
  std::byte* data = to.data;
  if (IsSmallFloat(to.dtype)) {
    for (int64_t done = 0; done < count; done += kBlock) {
      double block[kBlock];
      const int64_t n = std::min(kBlock, count - done);
      for (int64_t i = 0; i < n; ++i) block[i] = static_cast<double>(from[done + i]);
      const int64_t start = offset + done * stride;
      if (BitWidth(to.dtype) == 16)
        StoreSmall<uint16_t>(to.dtype, block, n, data, start, stride, overflow);
      else
        StoreSmall<uint8_t>(to.dtype, block, n, data, start, stride, overflow);
    }
    return;
  }
  switch (to.dtype) {
    case DType::kFloat32:
      return StorePlain<float>(from, count, data, offset, stride);
    case DType::kFloat64:
      return StorePlain<double>(from, count, data, offset, stride);
    case DType::kBool:
      for (int64_t i = 0; i < count; ++i)
        data[offset + i * stride] = static_cast<std::byte>(from[i] != T{});
      return;
    case DType::kUint8:
      return StorePlain<uint8_t>(from, count, data, offset, stride);
    case DType::kInt8:
      return StorePlain<int8_t>(from, count, data, offset, stride);
    case DType::kUint16:
      return StorePlain<uint16_t>(from, count, data, offset, stride);
    case DType::kInt16:
      return StorePlain<int16_t>(from, count, data, offset, stride);
    case DType::kUint32:
      return StorePlain<uint32_t>(from, count, data, offset, stride);
    case DType::kInt32:
      return StorePlain<int32_t>(from, count, data, offset, stride);
    case DType::kUint64:
      return StorePlain<uint64_t>(from, count, data, offset, stride);
    case DType::kInt64:
      return StorePlain<int64_t>(from, count, data, offset, stride);
    case DType::kUint4:
    case DType::kInt4:
      for (int64_t i = 0; i < count; ++i)
        StoreNibble(ToNibble(to.dtype, from[i]), data, offset + i * stride);
      ClearPadding(to);
      return;
    default:
      return;
  }
}

template void LoadElements(const TensorView&, int64_t, int64_t, int64_t, double*);
template void LoadElements(const TensorView&, int64_t, int64_t, int64_t, int64_t*);
template void LoadElements(const TensorView&, int64_t, int64_t, int64_t, uint64_t*);
template void StoreElements(const double*, int64_t, const TensorView&, int64_t, int64_t,
                            OnOverflow);
template void StoreElements(const int64_t*, int64_t, const TensorView&, int64_t, int64_t,
                            OnOverflow);
template void StoreElements(const uint64_t*, int64_t, const TensorView&, int64_t, int64_t,
                            OnOverflow);

bool FitsInteger(DType dtype, int64_t value) {
  switch (dtype) {
    case DType::kInt64:
      return true;
    case DType::kUint64:
      return value >= 0;
    case DType::kBool:
      return value == 0 || value == 1;
    default: {
      const int bits = BitWidth(dtype);
      const bool is_signed = dtype == DType::kInt32 || dtype == DType::kInt16 ||
                             dtype == DType::kInt8 || dtype == DType::kInt4;
      const int64_t high = (int64_t{1} << (is_signed ? bits - 1 : bits)) - 1;
      return value <= high && value >= (is_signed ? -high - 1 : 0);
    }
  }
}

}  // namespace insitu
