// ArenaAllocator: offsets for blocks whose lifetimes are announced in order of execution.
// Invariant: sizes are not bound by size_t, so that they can be told from what is allowed; blocks
// that are live at the same time never overlap; offsets are multiples of kBufferAlignment.
#pragma once

#include <cstdint>
#include <map>

namespace insitu {

class ArenaAllocator {
 public:
  // Takes the smallest free block that fits, else grows the arena.
  uint64_t Take(uint64_t bytes);
  // Gives back what Take(bytes) placed at `offset`; neighbours coalesce.
  void Give(uint64_t offset, uint64_t bytes);
  // The largest extent so far, in bytes.
  uint64_t size() const { return end_; }

 private:
  std::map<uint64_t, uint64_t> free_;  // offset -> bytes
  uint64_t end_ = 0;
};

}  // namespace insitu
