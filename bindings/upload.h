// Upload: a file on its way from JavaScript into memory, written chunk by chunk and hashed if
// asked. Invariant: bytes are written once, straight to where the importer reads them; sizes are
// checked against base/limits.h before memory is asked for.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/buffer.h"
#include "base/error.h"
#include "base/sha256.h"
#include "base/tensor.h"
#include "onnx/import.h"

namespace insitu {

class Upload {
 public:
  // `total` below zero: not known; a total that turns out wrong is no error. LimitExceeded,
  // OutOfMemory.
  static Result<std::unique_ptr<Upload>> Begin(double total, bool hash);

  // Room for `size` more bytes behind what was committed; valid until the next Reserve.
  Result<std::byte*> Reserve(double size);
  // The first `size` bytes of the reserved room are written. InvalidArgument beyond it.
  Status Commit(double size);
  // The hexadecimal digest of everything committed.
  std::string Digest();
  // The bytes, which outlive the upload.
  ModelBytes Bytes() const;

  // A value parsed from the bytes, kept while JavaScript copies it.
  std::optional<Tensor> parsed;

 private:
  Status Grow(size_t capacity);

  std::shared_ptr<Buffer> buffer_;
  size_t size_ = 0, reserved_ = 0;
  std::optional<Sha256> hash_;
  std::string digest_;
};

}  // namespace insitu
