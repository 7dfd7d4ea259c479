// The layout of an archive, and raw bytes in both directions.
#include "base/archive.h"

#include <algorithm>

namespace insitu {
namespace {

// Another layout of any archived type is another format.
constexpr uint64_t kMagic = 0x31757469736e69;  // "insitu1"

struct Header {
  uint64_t magic = kMagic;
  uint64_t head_bytes = 0;
};

static_assert(kBufferAlignment == Checksum::kStep);
constexpr size_t kStep = Checksum::kStep;

}  // namespace

Result<Archive> Archive::Open(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  const auto refuse = [](const char* what) {
    return Fail(ErrorCode::kInvalidModel, what, "Load the model itself.");
  };
  Header header;
  if (bytes.size() < 3 * kStep || bytes.size() % kStep != 0)
    return refuse("a prepared model is cut short");
  std::memcpy(&header, bytes.data(), sizeof(header));
  const size_t body = bytes.size() - 2 * kStep;
  if (header.magic != kMagic || header.head_bytes > body)
    return refuse("a prepared model is of another format");
  Checksum sum;
  sum.Add(bytes.first(bytes.size() - kStep));
  uint64_t stored = 0;
  std::memcpy(&stored, bytes.data() + bytes.size() - kStep, sizeof(stored));
  if (sum.value() != stored) return refuse("a prepared model has been changed");
  Archive archive;
  archive.reads_ = true;
  archive.head_ = bytes.subspan(kStep, header.head_bytes);
  archive.blobs_ =
      bytes.subspan(kStep + AlignUp(header.head_bytes), body - AlignUp(header.head_bytes));
  archive.owner_ = std::move(owner);
  return archive;
}

size_t Archive::Count(size_t count) {
  Value(count);
  if (reads_ && count > head_.size() - at_) failed_ = true;
  return failed_ ? 0 : count;
}

void Archive::Blob(std::span<const std::byte>& bytes) {
  auto offset = static_cast<uint64_t>(blob_bytes_), size = static_cast<uint64_t>(bytes.size());
  (*this)(offset, size);
  if (!reads_) {
    const size_t padded = AlignUp(bytes.size());
    const std::byte* from = bytes.data();
    if (copies_blobs_) {
      auto copy = Buffer::Copy(bytes.data(), bytes.size());
      if (!copy) return MarkFailed();
      copies_.push_back(*std::move(copy));
      from = copies_.back().data();
    }
    parts_.push_back({from, padded});
    blob_bytes_ += padded;
    return;
  }
  bytes = {};
  if (offset > blobs_.size() || size > blobs_.size() - offset)
    failed_ = true;
  else
    bytes = blobs_.subspan(offset, size);
}

void Archive::Raw(void* data, size_t bytes) {
  if (bytes == 0) return;
  if (!reads_) {
    if (written_.empty()) written_.resize(kStep);
    const auto* from = static_cast<const std::byte*>(data);
    written_.insert(written_.end(), from, from + bytes);
    return;
  }
  if (failed_ || bytes > head_.size() - at_) {
    failed_ = true;
    std::memset(data, 0, bytes);
    return;
  }
  std::memcpy(data, head_.data() + at_, bytes);
  at_ += bytes;
}

void Archive::Seal() {
  const Header header{kMagic, written_.size() - kStep};
  std::memcpy(written_.data(), &header, sizeof(header));
  written_.resize(AlignUp(written_.size()));
  footer_.resize(kStep);
  parts_.insert(parts_.begin(), written_);
  parts_.push_back(footer_);
}

std::span<const std::byte> Archive::NextPart(size_t most) {
  if (footer_.empty()) Seal();
  while (part_ < parts_.size() && of_part_ == parts_[part_].size()) {
    ++part_;
    of_part_ = 0;
  }
  if (part_ == parts_.size()) return {};
  if (part_ + 1 == parts_.size()) {
    const uint64_t sum = sum_.value();
    std::memcpy(footer_.data(), &sum, sizeof(sum));
  }
  const auto part =
      parts_[part_].subspan(of_part_, std::min(most, parts_[part_].size() - of_part_));
  of_part_ += part.size();
  if (part_ + 1 < parts_.size()) sum_.Add(part);
  return part;
}

}  // namespace insitu
