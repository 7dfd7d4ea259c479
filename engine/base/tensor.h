// Tensor: element type, extents and shared, row-major storage.
// Invariant: size_bytes() == ByteSize(dtype, Elements(dims)); 4-bit types hold two elements a byte,
// low nibble first. Strings live in `strings`, one per element, and have no bytes; nor have
// sequences, optional values and maps, which are vectors (dims [n]) of other tensors, `items`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/archive.h"
#include "base/buffer.h"
#include "base/dtype.h"
#include "base/error.h"
#include "base/strings.h"

namespace insitu {

using Dims = std::vector<int64_t>;

// Product of dims; fails with LimitExceeded on overflow, a negative extent or a breach of
// base/limits.h.
Result<int64_t> Elements(std::span<const int64_t> dims);
// Product of dims already known to be valid.
int64_t ElementsUnchecked(std::span<const int64_t> dims);
// Bytes that valid dims imply, which size_t holds; 0 for strings. LimitExceeded.
Result<uint64_t> CheckedByteSize(DType dtype, std::span<const int64_t> dims);
// Bytes of `elements` elements of `dtype`; 0 for strings. Of tensors that are there, or checked.
size_t ByteSize(DType dtype, int64_t elements);
// "[1,3,224,224]".
std::string ToString(std::span<const int64_t> dims);

// A non-owning look at a tensor: what kernels read and write.
struct TensorView {
  DType dtype = DType::kUndefined;
  Dims dims;
  std::byte* data = nullptr;
  std::vector<std::string>* strings = nullptr;

  int64_t elements() const { return ElementsUnchecked(dims); }
  size_t size_bytes() const { return ByteSize(dtype, elements()); }
  template <class T>
  std::span<T> As() {
    return {reinterpret_cast<T*>(data), static_cast<size_t>(elements())};
  }
  template <class T>
  std::span<const T> As() const {
    return {reinterpret_cast<const T*>(data), static_cast<size_t>(elements())};
  }
};

// An owning tensor; copies share storage and must then be treated as immutable.
class Tensor {
 public:
  Tensor() = default;

  // Uninitialised; LimitExceeded or OutOfMemory.
  static Result<Tensor> Allocate(DType dtype, Dims dims);
  // A copy of `bytes`, whose size must be exact (InvalidArgument otherwise).
  static Result<Tensor> FromBytes(DType dtype, Dims dims, std::span<const std::byte> bytes);
  // Borrows `bytes`, kept alive by `owner`; no padding is promised. Bytes must be exact.
  static Result<Tensor> Borrow(DType dtype, Dims dims, std::span<const std::byte> bytes,
                               std::shared_ptr<const void> owner);
  // Type and extents of a tensor whose contents are elsewhere: data() is nullptr.
  static Tensor WithoutContents(DType dtype, Dims dims);
  static Result<Tensor> FromStrings(Dims dims, std::vector<std::string> strings);
  static Tensor Sequence(std::vector<Tensor> items);
  // At most one item, a tensor or a sequence.
  static Tensor Optional(std::vector<Tensor> items);
  // Two vectors of one length: distinct int64 or string keys, and their values.
  static Tensor Map(Tensor keys, Tensor values);
  template <class T>
  static Result<Tensor> From(Dims dims, std::span<const T> values) {
    return FromBytes(kDTypeOf<T>, std::move(dims), std::as_bytes(values));
  }

  DType dtype() const { return dtype_; }
  const Dims& dims() const { return dims_; }
  int64_t elements() const { return ElementsUnchecked(dims_); }
  size_t size_bytes() const { return ByteSize(dtype_, elements()); }
  bool empty() const { return dtype_ == DType::kUndefined; }

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  const std::vector<std::string>& strings() const { return strings_->list; }
  // Counts strings anew that were written through a view; LimitExceeded. Nothing for other tensors.
  Status CountStrings() const { return strings_ ? strings_->Count() : Status(); }
  // Of a sequence or an optional value; keys and values of a map; else empty.
  std::span<const Tensor> items() const;
  std::span<const std::byte> bytes() const { return {data_, size_bytes()}; }
  template <class T>
  std::span<T> As() {
    return {reinterpret_cast<T*>(data_), static_cast<size_t>(elements())};
  }
  template <class T>
  std::span<const T> As() const {
    return {reinterpret_cast<const T*>(data_), static_cast<size_t>(elements())};
  }

  // The same bytes in storage of their own; what has none shares it. OutOfMemory.
  Result<Tensor> Copy() const;
  // The same storage under other extents with the same number of elements.
  Tensor Reshaped(Dims dims) const;
  TensorView View() { return {dtype_, dims_, data_, list()}; }
  // Read, large ones borrow from the archive.
  void Transfer(Archive& archive);
  TensorView View() const { return {dtype_, dims_, const_cast<std::byte*>(data_), list()}; }

 private:
  std::vector<std::string>* list() const { return strings_ ? &strings_->list : nullptr; }

  DType dtype_ = DType::kUndefined;
  Dims dims_;
  std::byte* data_ = nullptr;
  std::shared_ptr<const void> owner_;
  std::shared_ptr<Strings> strings_;
  std::shared_ptr<const std::vector<Tensor>> items_;
};

}  // namespace insitu
