// The storage forms of TensorProto: raw bytes, external bytes, and seven typed lists.
// Bytes are little-endian in the file, as on every machine insitu runs on.
#include "onnx/tensor_proto.h"

#include <algorithm>
#include <bit>

namespace insitu {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr size_t kBorrowFrom = 1024;  // bytes; smaller tensors are copied, with padding
constexpr const char* kHint = "The file is damaged or was written by a faulty exporter.";

std::string Label(const onnx::TensorProto& proto) { return "tensor '" + proto.name() + "'"; }

std::unexpected<Error> Invalid(const onnx::TensorProto& proto, std::string message) {
  return Fail(ErrorCode::kInvalidModel, Label(proto) + ": " + std::move(message), kHint);
}

size_t Alignment(DType dtype) { return static_cast<size_t>(std::max(1, BitWidth(dtype) / 8)); }

Result<Tensor> FromRaw(const onnx::TensorProto& proto, DType dtype, Dims dims,
                       std::span<const std::byte> raw, std::shared_ptr<const void> owner) {
  const size_t expected = ByteSize(dtype, ElementsUnchecked(dims));
  if (raw.size() != expected)
    return Invalid(proto, "its type " + std::string(Name(dtype)) + " and dims " +
                              ToString(std::span<const int64_t>(dims)) + " need " +
                              std::to_string(expected) + " bytes, but it has " +
                              std::to_string(raw.size()));
  const bool aligned = reinterpret_cast<uintptr_t>(raw.data()) % Alignment(dtype) == 0;
  if (owner && aligned && raw.size() >= kBorrowFrom && dtype != DType::kBool)
    return Tensor::Borrow(dtype, std::move(dims), raw, std::move(owner));
  INSITU_ASSIGN(Tensor tensor, Tensor::FromBytes(dtype, std::move(dims), raw));
  if (dtype == DType::kBool)
    for (uint8_t& element : std::span(reinterpret_cast<uint8_t*>(tensor.data()), expected))
      element = element != 0;
  return tensor;
}

// Whether `number` is an element of T, or the bits of one: exporters write these with either sign.
template <class T, class Number>
bool Holds(Number number) {
  if constexpr (sizeof(Number) <= sizeof(T)) {
    return true;
  } else {
    constexpr int64_t kValues = int64_t{1} << (8 * sizeof(T));
    const auto value = static_cast<int64_t>(number);
    return value >= -kValues / 2 && value < kValues;
  }
}

// One stored number per element (or per pair of 4-bit elements), narrowed to T.
template <class T, class List>
Result<Tensor> FromList(const onnx::TensorProto& proto, DType dtype, Dims dims, const List& list) {
  const size_t bytes = ByteSize(dtype, ElementsUnchecked(dims));
  if (static_cast<size_t>(list.size()) != bytes / sizeof(T))
    return Invalid(proto, "dims " + ToString(std::span<const int64_t>(dims)) + " call for " +
                              std::to_string(bytes / sizeof(T)) + " stored numbers, but it has " +
                              std::to_string(list.size()));
  INSITU_ASSIGN(Tensor tensor, Tensor::Allocate(dtype, std::move(dims)));
  T* to = reinterpret_cast<T*>(tensor.data());
  for (int i = 0; i < list.size(); ++i) {
    if (dtype != DType::kBool && !Holds<T>(list[i]))
      return Invalid(proto, "the stored number " + std::to_string(list[i]) +
                                " is none of the type " + std::string(Name(dtype)));
    to[i] = dtype == DType::kBool ? static_cast<T>(list[i] != 0) : static_cast<T>(list[i]);
  }
  return tensor;
}

Result<Tensor> FromTyped(const onnx::TensorProto& proto, DType dtype, Dims dims) {
  switch (dtype) {
    case DType::kFloat32:
      return FromList<float>(proto, dtype, std::move(dims), proto.float_data());
    case DType::kFloat64:
      return FromList<double>(proto, dtype, std::move(dims), proto.double_data());
    case DType::kInt64:
      return FromList<int64_t>(proto, dtype, std::move(dims), proto.int64_data());
    case DType::kUint64:
      return FromList<uint64_t>(proto, dtype, std::move(dims), proto.uint64_data());
    case DType::kUint32:
      return FromList<uint32_t>(proto, dtype, std::move(dims), proto.uint64_data());
    case DType::kInt32:
      return FromList<int32_t>(proto, dtype, std::move(dims), proto.int32_data());
    default:
      if (BitWidth(dtype) == 16)
        return FromList<uint16_t>(proto, dtype, std::move(dims), proto.int32_data());
      return FromList<uint8_t>(proto, dtype, std::move(dims), proto.int32_data());
  }
}

Result<Tensor> Convert(const onnx::TensorProto& proto,
                       std::optional<std::span<const std::byte>> raw,
                       std::shared_ptr<const void> owner, ExternalData* external) {
  if (proto.has_segment())
    return Fail(ErrorCode::kUnsupportedType, Label(proto) + " is stored in segments",
                "Save the model again without segments.");
  INSITU_ASSIGN(const DType dtype, ToDType(proto.data_type(), Label(proto)));
  INSITU_ASSIGN(Dims dims, ToDims(proto));
  const auto typed = proto.float_data_size() + proto.int32_data_size() + proto.int64_data_size() +
                     proto.double_data_size() + proto.uint64_data_size();
  if (dtype == DType::kString) {
    if (raw || typed > 0) return Invalid(proto, "strings are stored as numbers");
    if (proto.string_data_size() != ElementsUnchecked(dims))
      return Invalid(proto, "dims " + ToString(std::span<const int64_t>(dims)) +
                                " do not match its " + std::to_string(proto.string_data_size()) +
                                " strings");
    return Tensor::FromStrings(std::move(dims),
                               {proto.string_data().begin(), proto.string_data().end()});
  }
  if (proto.data_location() == onnx::TensorProto::EXTERNAL) {
    if (!external) return Invalid(proto, "external data is not possible here");
    const size_t expected = ByteSize(dtype, ElementsUnchecked(dims));
    INSITU_ASSIGN(ModelBytes bytes, external->Read(proto, expected));
    return FromRaw(proto, dtype, std::move(dims), bytes.bytes, std::move(bytes.owner));
  }
  if (raw) {
    if (typed > 0 && !raw->empty()) return Invalid(proto, "it has both raw and typed data");
    if (typed == 0) return FromRaw(proto, dtype, std::move(dims), *raw, std::move(owner));
  }
  return FromTyped(proto, dtype, std::move(dims));
}

}  // namespace

Result<DType> ToDType(int data_type, const std::string& where) {
  if (IsKnownDType(data_type)) return static_cast<DType>(data_type);
  if (data_type == onnx::TensorProto::COMPLEX64 || data_type == onnx::TensorProto::COMPLEX128 ||
      data_type > onnx::TensorProto::INT4)
    return Fail(ErrorCode::kUnsupportedType,
                where + " has the element type " + std::to_string(data_type) +
                    (data_type > onnx::TensorProto::INT4 ? "" : " (complex numbers)") +
                    ", which is not supported",
                "Export the model with float or integer types.");
  return Fail(ErrorCode::kInvalidModel,
              where + " has no valid element type (" + std::to_string(data_type) + ")", kHint);
}

Result<Dims> ToDims(const onnx::TensorProto& proto) {
  Dims dims(proto.dims().begin(), proto.dims().end());
  for (int64_t dim : dims)
    if (dim < 0) return Invalid(proto, "it has the negative extent " + std::to_string(dim));
  if (auto elements = Elements(dims); !elements) {
    Error error = std::move(elements).error();
    error.message = Label(proto) + ": " + error.message;
    return std::unexpected(std::move(error));
  }
  return dims;
}

Result<Tensor> ToTensor(const WireTensor& tensor, const std::shared_ptr<const void>& owner,
                        ExternalData* external) {
  return Convert(tensor.proto, tensor.raw, owner, external);
}

Result<Tensor> ToTensor(const onnx::TensorProto& tensor, ExternalData* external) {
  std::optional<std::span<const std::byte>> raw;
  if (tensor.has_raw_data())
    raw = std::as_bytes(std::span(tensor.raw_data().data(), tensor.raw_data().size()));
  return Convert(tensor, raw, nullptr, external);
}

}  // namespace insitu
