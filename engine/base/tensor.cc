// Construction and sizing of tensors; every size is checked before memory is asked for.
#include "base/tensor.h"

#include <algorithm>
#include <cstring>

#include "base/checked.h"
#include "base/limits.h"

namespace insitu {

Result<int64_t> Elements(std::span<const int64_t> dims) {
  if (std::ssize(dims) > CurrentLimits().max_rank)
    return Fail(ErrorCode::kLimitExceeded, "rank " + std::to_string(dims.size()) +
                                               " exceeds the limit of " +
                                               std::to_string(CurrentLimits().max_rank));
  // Without its zeros too, so that loops over some of the axes stay short and strides fit.
  std::optional<int64_t> product = 1;
  bool empty = false;
  for (int64_t dim : dims) {
    empty = empty || dim == 0;
    if (product) product = dim < 0 ? std::nullopt : CheckedMul(*product, std::max<int64_t>(dim, 1));
  }
  if (!product || *product > CurrentLimits().max_elements)
    return Fail(ErrorCode::kLimitExceeded,
                "a tensor of dims " + ToString(dims) + " exceeds the limit of " +
                    std::to_string(CurrentLimits().max_elements) + " elements",
                "Check the dims for an overflow or a negative extent.");
  return empty ? 0 : *product;
}

int64_t ElementsUnchecked(std::span<const int64_t> dims) {
  int64_t product = 1;
  for (int64_t dim : dims) product *= dim;
  return product;
}

size_t ByteSize(DType dtype, int64_t elements) {
  const auto bits = static_cast<uint64_t>(elements) * static_cast<uint64_t>(BitWidth(dtype));
  return static_cast<size_t>((bits + 7) / 8);
}

std::string ToString(std::span<const int64_t> dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) {
    if (i) text += ',';
    text += std::to_string(dims[i]);
  }
  return text + "]";
}

Result<uint64_t> CheckedByteSize(DType dtype, std::span<const int64_t> dims) {
  INSITU_ASSIGN(const int64_t elements, Elements(dims));
  auto bits = CheckedMul(elements, BitWidth(dtype));
  if (!bits || *bits / 8 > CurrentLimits().max_tensor_bytes)
    return Fail(ErrorCode::kLimitExceeded, "a " + std::string(Name(dtype)) + " tensor of dims " +
                                               ToString(dims) + " exceeds the limit of " +
                                               std::to_string(CurrentLimits().max_tensor_bytes) +
                                               " bytes");
  return (static_cast<uint64_t>(*bits) + 7) / 8;
}

namespace {

std::unexpected<Error> WrongSize(DType dtype, std::span<const int64_t> dims, size_t expected,
                                 size_t got) {
  return Fail(ErrorCode::kInvalidArgument,
              "a " + std::string(Name(dtype)) + " tensor of dims " + ToString(dims) + " has " +
                  std::to_string(expected) + " bytes, but " + std::to_string(got) + " were given");
}

}  // namespace

Result<Tensor> Tensor::Allocate(DType dtype, Dims dims) {
  INSITU_ASSIGN(const uint64_t size, CheckedByteSize(dtype, dims));
  Tensor tensor;
  tensor.dtype_ = dtype;
  if (dtype == DType::kString) {
    INSITU_ASSIGN(tensor.strings_, Strings::Allocate(ElementsUnchecked(dims)));
  } else {
    INSITU_ASSIGN(Buffer storage, Buffer::Allocate(size));
    auto owner = std::make_shared<Buffer>(std::move(storage));
    tensor.data_ = owner->data();
    tensor.owner_ = std::move(owner);
  }
  tensor.dims_ = std::move(dims);
  return tensor;
}

Result<Tensor> Tensor::FromBytes(DType dtype, Dims dims, std::span<const std::byte> bytes) {
  INSITU_ASSIGN(const uint64_t size, CheckedByteSize(dtype, dims));
  if (size != bytes.size()) return WrongSize(dtype, dims, size, bytes.size());
  INSITU_ASSIGN(Tensor tensor, Allocate(dtype, std::move(dims)));
  if (size > 0) std::memcpy(tensor.data_, bytes.data(), size);
  return tensor;
}

Result<Tensor> Tensor::Borrow(DType dtype, Dims dims, std::span<const std::byte> bytes,
                              std::shared_ptr<const void> owner) {
  INSITU_ASSIGN(const uint64_t size, CheckedByteSize(dtype, dims));
  if (size != bytes.size()) return WrongSize(dtype, dims, size, bytes.size());
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.dims_ = std::move(dims);
  tensor.data_ = const_cast<std::byte*>(bytes.data());
  tensor.owner_ = std::move(owner);
  return tensor;
}

Tensor Tensor::WithoutContents(DType dtype, Dims dims) {
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.dims_ = std::move(dims);
  return tensor;
}

Result<Tensor> Tensor::FromStrings(Dims dims, std::vector<std::string> strings) {
  INSITU_ASSIGN(const int64_t elements, Elements(dims));
  if (elements != static_cast<int64_t>(strings.size()))
    return WrongSize(DType::kString, dims, static_cast<size_t>(elements), strings.size());
  Tensor tensor;
  tensor.dtype_ = DType::kString;
  tensor.dims_ = std::move(dims);
  tensor.strings_ = std::make_shared<Strings>(std::move(strings));
  INSITU_TRY(tensor.CountStrings());
  return tensor;
}

Tensor Tensor::Sequence(std::vector<Tensor> items) {
  Tensor tensor;
  tensor.dtype_ = DType::kSequence;
  tensor.dims_ = {static_cast<int64_t>(items.size())};
  tensor.items_ = std::make_shared<const std::vector<Tensor>>(std::move(items));
  return tensor;
}

Tensor Tensor::Optional(std::vector<Tensor> items) {
  Tensor tensor = Sequence(std::move(items));
  tensor.dtype_ = DType::kOptional;
  return tensor;
}

Tensor Tensor::Map(Tensor keys, Tensor values) {
  Tensor tensor = Sequence({std::move(keys), std::move(values)});
  tensor.dtype_ = DType::kMap;
  return tensor;
}

std::span<const Tensor> Tensor::items() const {
  return items_ ? std::span<const Tensor>(*items_) : std::span<const Tensor>();
}

void Tensor::Transfer(Archive& archive) {
  constexpr size_t kSmallBytes = 4096;  // are copied
  bool has_bytes = data_ != nullptr;
  archive(dtype_, dims_, strings_, items_, has_bytes);
  if (!has_bytes || archive.failed()) return;
  std::span<const std::byte> contents;
  if (!archive.reads()) contents = bytes();
  bool is_small = contents.size() <= kSmallBytes;
  archive(is_small);
  if (is_small) {
    std::vector<std::byte> copy(contents.begin(), contents.end());
    archive(copy);
    if (!archive.reads()) return;
    auto read = FromBytes(dtype_, dims_, copy);
    if (read)
      *this = *std::move(read);
    else
      archive.MarkFailed(std::move(read).error());
    return;
  }
  archive.Blob(contents);
  if (!archive.reads()) return;
  auto read = Borrow(dtype_, dims_, contents, archive.owner());
  if (read)
    *this = *std::move(read);
  else
    archive.MarkFailed(std::move(read).error());
}

Result<Tensor> Tensor::Copy() const {
  if (!HasBytes(dtype_)) return *this;
  return FromBytes(dtype_, dims_, bytes());
}

Tensor Tensor::Reshaped(Dims dims) const {
  Tensor tensor = *this;
  tensor.dims_ = std::move(dims);
  return tensor;
}

}  // namespace insitu
