// Aligned allocation with zeroed padding, an injectable failure and a live-byte count.
#include "base/buffer.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace insitu {
namespace {

constexpr int64_t kHasFailed = -2;
std::atomic<int64_t> fail_after{-1};
std::atomic<int64_t> live_bytes{0}, peak_bytes{0}, memory_maximum{0};

void CountLive(int64_t bytes) {
  const int64_t live = live_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  int64_t peak = peak_bytes.load(std::memory_order_relaxed);
  while (live > peak && !peak_bytes.compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
  }
}

bool ShouldFail() {
  int64_t left = fail_after.load(std::memory_order_relaxed);
  while (left >= 0 && !fail_after.compare_exchange_weak(left, left > 0 ? left - 1 : kHasFailed,
                                                        std::memory_order_relaxed)) {
  }
  return left == 0;
}

std::unexpected<Error> OutOfMemory(size_t size) {
  std::string message = "cannot allocate " + std::to_string(size) + " bytes, besides " +
                        std::to_string(LiveBufferBytes()) + " in use";
  if (const int64_t maximum = memory_maximum.load(std::memory_order_relaxed); maximum > 0)
    message += ", of a memory of at most " + std::to_string(maximum);
  return Fail(ErrorCode::kOutOfMemory, message,
              "Use a smaller batch or model, or dispose sessions that are no longer needed.");
}

}  // namespace

Result<Buffer> Buffer::Allocate(size_t size) {
  constexpr size_t kOverhead = 2 * kBufferPadding + kBufferAlignment;
  if (size > std::numeric_limits<size_t>::max() - kOverhead || ShouldFail())
    return OutOfMemory(size);
  const size_t padded = (size + kOverhead - 1) / kBufferAlignment * kBufferAlignment;
  auto* base = static_cast<std::byte*>(std::aligned_alloc(kBufferAlignment, padded));
  if (!base) return OutOfMemory(size);
  std::memset(base, 0, kBufferPadding);
  std::memset(base + kBufferPadding + size, 0, padded - kBufferPadding - size);
  CountLive(static_cast<int64_t>(size));
  Buffer buffer;
  buffer.base_ = base;
  buffer.size_ = size;
  return buffer;
}

Result<Buffer> Buffer::Zeroed(size_t size) {
  INSITU_ASSIGN(Buffer buffer, Allocate(size));
  std::memset(buffer.data(), 0, size);
  return buffer;
}

Result<Buffer> Buffer::Copy(const void* data, size_t size) {
  INSITU_ASSIGN(Buffer buffer, Allocate(size));
  if (size > 0) std::memcpy(buffer.data(), data, size);
  return buffer;
}

Status Buffer::Grow(size_t size) {
  if (size <= size_) return {};
  INSITU_ASSIGN(Buffer larger, Allocate(std::max(size, size_ + size_ / 2)));
  if (size_ > 0) std::memcpy(larger.data(), data(), size_);
  *this = std::move(larger);
  return {};
}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(size_, other.size_);
  return *this;
}

Buffer::~Buffer() {
  if (!base_) return;
  CountLive(-static_cast<int64_t>(size_));
  std::free(base_);
}

bool FailBufferAllocationAfter(int64_t n) {
  return fail_after.exchange(n, std::memory_order_relaxed) == kHasFailed;
}
void SetMemoryMaximum(int64_t bytes) { memory_maximum.store(bytes, std::memory_order_relaxed); }
int64_t LiveBufferBytes() { return live_bytes.load(std::memory_order_relaxed); }
int64_t PeakBufferBytes() { return peak_bytes.load(std::memory_order_relaxed); }
void ResetPeakBufferBytes() { peak_bytes.store(LiveBufferBytes(), std::memory_order_relaxed); }

}  // namespace insitu
