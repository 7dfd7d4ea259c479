// ArenaAllocator: live blocks never overlap, freed neighbours coalesce.
#include "plan/arena.h"

#include <catch2/catch_test_macros.hpp>
#include <random>
#include <vector>

#include "base/buffer.h"

namespace insitu {
namespace {

TEST_CASE("blocks that are live together never overlap") {
  std::mt19937 random(7);
  ArenaAllocator arena;
  struct Block {
    size_t offset, bytes;
  };
  std::vector<Block> live;
  for (int step = 0; step < 4000; ++step) {
    if (!live.empty() && random() % 2 == 0) {
      const size_t victim = random() % live.size();
      arena.Give(live[victim].offset, live[victim].bytes);
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(victim));
      continue;
    }
    const size_t bytes = random() % 5000;
    const size_t offset = arena.Take(bytes);
    REQUIRE(offset % kBufferAlignment == 0);
    REQUIRE(offset + bytes <= arena.size());
    for (const Block& other : live)
      REQUIRE((offset + bytes <= other.offset || other.offset + other.bytes <= offset));
    live.push_back({offset, bytes});
  }
}

TEST_CASE("freed neighbours make room for a larger block") {
  ArenaAllocator arena;
  const size_t a = arena.Take(640), b = arena.Take(640), c = arena.Take(640);
  const size_t size = arena.size();
  arena.Give(a, 640);
  arena.Give(c, 640);
  arena.Give(b, 640);
  REQUIRE(arena.Take(1920) == 0);
  REQUIRE(arena.size() == size);
}

TEST_CASE("a free block at the end grows instead of being left behind") {
  ArenaAllocator arena;
  arena.Take(64);
  const size_t last = arena.Take(64);
  arena.Give(last, 64);
  REQUIRE(arena.Take(256) == last);
  REQUIRE(arena.size() == 64 + 256);
}

}  // namespace
}  // namespace insitu
