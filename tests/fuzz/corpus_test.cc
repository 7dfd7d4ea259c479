// Replays what fuzzing has found interesting (corpus/TARGET) and what it has broken once
// (regressions/TARGET).
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "fuzz/targets.h"
#include "support/places.h"

namespace insitu::test {
namespace {

std::vector<std::filesystem::path> FilesIn(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

void Replay(const FuzzTarget& target, const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  std::fprintf(stderr, "replaying %s\r", path.c_str());  // a crash then says on what
  target.run({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

TEST_CASE("the kept corpus of every fuzz target ends well") {
  const std::filesystem::path root = ProjectDir() + "/tests/fuzz";
  for (const FuzzTarget& target : FuzzTargets()) {
    const auto kept = FilesIn(root / "corpus" / target.name);
    INFO(target.name);
    CHECK_FALSE(kept.empty());
    for (const auto& path : kept) Replay(target, path);
    for (const auto& path : FilesIn(root / "regressions" / target.name)) Replay(target, path);
    target.run({});
  }
  std::fputs("\n", stderr);
}

}  // namespace
}  // namespace insitu::test
