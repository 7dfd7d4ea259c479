// Best-fit free list over one growing arena.
#include "plan/arena.h"

#include <algorithm>
#include <iterator>

#include "base/buffer.h"

namespace insitu {
namespace {

uint64_t Rounded(uint64_t bytes) {
  return (std::max<uint64_t>(bytes, 1) + kBufferAlignment - 1) / kBufferAlignment *
         kBufferAlignment;
}

}  // namespace

uint64_t ArenaAllocator::Take(uint64_t bytes) {
  bytes = Rounded(bytes);
  auto best = free_.end();
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    if (it->second >= bytes && (best == free_.end() || it->second < best->second)) best = it;
  }
  if (best != free_.end()) {
    const auto [offset, available] = *best;
    free_.erase(best);
    if (available > bytes) free_.emplace(offset + bytes, available - bytes);
    return offset;
  }
  uint64_t offset = end_;
  // A free block that touches the end is extended instead of left behind.
  if (!free_.empty()) {
    auto last = std::prev(free_.end());
    if (last->first + last->second == end_) {
      offset = last->first;
      free_.erase(last);
    }
  }
  end_ = offset + bytes;
  return offset;
}

void ArenaAllocator::Give(uint64_t offset, uint64_t bytes) {
  bytes = Rounded(bytes);
  auto next = free_.lower_bound(offset);
  if (next != free_.end() && offset + bytes == next->first) {
    bytes += next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    auto previous = std::prev(next);
    if (previous->first + previous->second == offset) {
      previous->second += bytes;
      return;
    }
  }
  free_.emplace(offset, bytes);
}

}  // namespace insitu
