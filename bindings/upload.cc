// Growth, hashing and hand-over of an Upload.
#include "upload.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/limits.h"

namespace insitu {
namespace {

Result<size_t> CheckedSize(double size) {
  if (size >= 0 && size <= static_cast<double>(CurrentLimits().max_model_bytes))
    return static_cast<size_t>(size);
  return Fail(ErrorCode::kLimitExceeded,
              "a file is larger than " + std::to_string(CurrentLimits().max_model_bytes) + " bytes",
              "Use a smaller model, or move weights to external data files.");
}

}  // namespace

Result<std::unique_ptr<Upload>> Upload::Begin(double total, bool hash) {
  auto upload = std::make_unique<Upload>();
  INSITU_ASSIGN(const size_t capacity, CheckedSize(std::max(total, 0.0)));
  INSITU_TRY(upload->Grow(capacity));
  if (hash) upload->hash_.emplace();
  return upload;
}

Status Upload::Grow(size_t capacity) {
  INSITU_ASSIGN(Buffer buffer, Buffer::Allocate(capacity));
  if (size_ > 0) std::memcpy(buffer.data(), buffer_->data(), size_);
  buffer_ = std::make_shared<Buffer>(std::move(buffer));
  return {};
}

Result<std::byte*> Upload::Reserve(double size) {
  INSITU_ASSIGN(const size_t needed, CheckedSize(static_cast<double>(size_) + size));
  if (needed > buffer_->size()) INSITU_TRY(Grow(std::max(needed, size_ + size_ / 2)));
  reserved_ = needed - size_;
  return buffer_->data() + size_;
}

Status Upload::Commit(double size) {
  if (!(size >= 0 && size <= static_cast<double>(reserved_)))
    return Fail(ErrorCode::kInvalidArgument, "more was written than reserved");
  const auto written = static_cast<size_t>(size);
  if (hash_) hash_->Update({buffer_->data() + size_, written});
  size_ += written;
  reserved_ = 0;
  return {};
}

std::string Upload::Digest() {
  if (digest_.empty())
    digest_ = ToHex(hash_ ? hash_->Finish() : Sha256Of({buffer_->data(), size_}));
  return digest_;
}

ModelBytes Upload::Bytes() const { return {{buffer_->data(), size_}, buffer_}; }

}  // namespace insitu
