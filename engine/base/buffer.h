// Buffer: the fallible, aligned allocation behind every tensor whose size a model or input decides.
// Invariant: data() is 64-byte aligned and readable kBufferPadding bytes before and after [0,
// size), because XNNPACK's kernels may read (never write) up to XNN_EXTRA_BYTES outside their
// operands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/error.h"

namespace insitu {

inline constexpr size_t kBufferAlignment = 64;
inline constexpr size_t kBufferPadding = 128;

// Bytes up to the next multiple of the alignment.
inline size_t AlignUp(size_t bytes) {
  return (bytes + kBufferAlignment - 1) / kBufferAlignment * kBufferAlignment;
}

class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  // Uninitialised memory except for the padding, which is zero. OutOfMemory when it cannot be had.
  static Result<Buffer> Allocate(size_t size);
  // As Allocate, with all bytes zero.
  static Result<Buffer> Zeroed(size_t size);
  // A copy of [data, data + size).
  static Result<Buffer> Copy(const void* data, size_t size);

  // At least `size` bytes, the former ones kept, room to spare for the next call. On OutOfMemory
  // nothing has changed.
  Status Grow(size_t size);

  std::byte* data() { return base_ ? base_ + kBufferPadding : nullptr; }
  const std::byte* data() const { return base_ ? base_ + kBufferPadding : nullptr; }
  size_t size() const { return size_; }

 private:
  std::byte* base_ = nullptr;
  size_t size_ = 0;
};

// Test hook: the n-th allocation from now fails (0: the next one); a negative n switches it off.
// Gives whether the one asked for before has failed.
bool FailBufferAllocationAfter(int64_t n);
// What the memory can grow to at most, where that is known; errors say it.
void SetMemoryMaximum(int64_t bytes);
// Bytes held by live Buffers, for memory reports and leak tests.
int64_t LiveBufferBytes();
// The most that LiveBufferBytes() has been since the last call of ResetPeakBufferBytes().
int64_t PeakBufferBytes();
void ResetPeakBufferBytes();

}  // namespace insitu
