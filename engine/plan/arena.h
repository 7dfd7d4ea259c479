// ArenaAllocator: offsets for blocks whose lifetimes are announced in order of execution.
// Invariant: blocks that are live at the same time never overlap; offsets are multiples of
// kBufferAlignment.
#pragma once

#include <cstddef>
#include <map>

namespace insitu {

class ArenaAllocator {
 public:
  // Takes the smallest free block that fits, else grows the arena.
  size_t Take(size_t bytes);
  // Gives back what Take(bytes) placed at `offset`; neighbours coalesce.
  void Give(size_t offset, size_t bytes);
  // The largest extent so far, in bytes.
  size_t size() const { return end_; }

 private:
  std::map<size_t, size_t> free_;  // offset -> bytes
  size_t end_ = 0;
};

}  // namespace insitu
