// Replays what fuzzing has found interesting (corpus/TARGET.bin) and what it has broken once
// (regressions/TARGET).
#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "fuzz/read_all.h"
#include "fuzz/targets.h"
#include "support/places.h"

namespace insitu::test {
namespace {

namespace fs = std::filesystem;

// A crash then says on what.
void Replay(const FuzzTarget& target, FuzzBytes bytes, const std::string& what) {
  std::fprintf(stderr, "replaying %s   \r", what.c_str());
  target.run(bytes);
}

// Inputs one behind the other, each after its length (scripts/fuzz.mjs writes them).
size_t ReplayKept(const FuzzTarget& target, const fs::path& path) {
  const std::vector<uint8_t> packed = ReadAll(path);
  FuzzBytes rest = packed;
  size_t count = 0;
  for (uint32_t length = 0; rest.size() >= sizeof(length); ++count) {
    std::memcpy(&length, rest.data(), sizeof(length));
    rest = rest.subspan(sizeof(length));
    REQUIRE(length <= rest.size());
    // In memory of its own, so that a byte beyond is seen.
    const std::vector<uint8_t> input(rest.begin(), rest.begin() + length);
    Replay(target, input, std::string(target.name) + " " + std::to_string(count));
    rest = rest.subspan(length);
  }
  return count;
}

TEST_CASE("the kept corpus of every fuzz target ends well") {
  const fs::path root = ProjectDir() + "/tests/fuzz";
  for (const FuzzTarget& target : FuzzTargets()) {
    const std::string name(target.name);
    INFO(name);
    CHECK(ReplayKept(target, root / "corpus" / (name + ".bin")) > 50);
    if (const fs::path broken = root / "regressions" / name; fs::exists(broken))
      for (const auto& entry : fs::directory_iterator(broken))
        Replay(target, ReadAll(entry.path()), entry.path().filename());
    target.run({});
  }
  std::fputs("\n", stderr);
}

}  // namespace
}  // namespace insitu::test
