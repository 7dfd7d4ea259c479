// Element types. The numbers are those of onnx.TensorProto.DataType, so that no table maps them;
// values that are no tensors have numbers of our own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace insitu {

enum class DType : uint8_t {
  kUndefined = 0,
  kFloat32 = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kFloat64 = 11,
  kUint32 = 12,
  kUint64 = 13,
  kBfloat16 = 16,
  kFloat8E4M3FN = 17,
  kFloat8E4M3FNUZ = 18,
  kFloat8E5M2 = 19,
  kFloat8E5M2FNUZ = 20,
  kUint4 = 21,
  kInt4 = 22,
  kSequence = 30,  // any number of tensors
  kOptional = 31,  // a tensor or sequence, or nothing
  kMap = 32,       // numbers by names or integers
};

// Bits of one element; 0 where there are no bytes: kUndefined, kString and what is no tensor.
int BitWidth(DType dtype);
// The JavaScript spelling: "float32", "uint8", "int4", "string", ...; "undefined" for kUndefined.
std::string_view Name(DType dtype);
// The inverse of Name; nullopt for an unknown spelling.
std::optional<DType> ParseDType(std::string_view name);
// Whether `value` is an element type of tensors.
bool IsKnownDType(int value);

// Whether this is an element type of tensors, or that of an omitted value.
constexpr bool IsTensorType(DType t) { return t < DType::kSequence; }

// Whether values of this type lie in memory as plain bytes.
constexpr bool HasBytes(DType t) { return t != DType::kString && IsTensorType(t); }

constexpr bool IsFloat(DType t) {
  return t == DType::kFloat32 || t == DType::kFloat64 || t == DType::kFloat16 ||
         t == DType::kBfloat16;
}

// The DType of a C++ element type, for checked typed access to tensors.
template <class T>
inline constexpr DType kDTypeOf = DType::kUndefined;
template <>
inline constexpr DType kDTypeOf<float> = DType::kFloat32;
template <>
inline constexpr DType kDTypeOf<double> = DType::kFloat64;
template <>
inline constexpr DType kDTypeOf<uint8_t> = DType::kUint8;
template <>
inline constexpr DType kDTypeOf<int8_t> = DType::kInt8;
template <>
inline constexpr DType kDTypeOf<uint16_t> = DType::kUint16;
template <>
inline constexpr DType kDTypeOf<int16_t> = DType::kInt16;
template <>
inline constexpr DType kDTypeOf<uint32_t> = DType::kUint32;
template <>
inline constexpr DType kDTypeOf<int32_t> = DType::kInt32;
template <>
inline constexpr DType kDTypeOf<uint64_t> = DType::kUint64;
template <>
inline constexpr DType kDTypeOf<int64_t> = DType::kInt64;
template <>
inline constexpr DType kDTypeOf<bool> = DType::kBool;

}  // namespace insitu
