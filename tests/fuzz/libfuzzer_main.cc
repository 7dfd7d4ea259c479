// The entry that libFuzzer calls. INSITU_FUZZ_TARGET names the target.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "fuzz/targets.h"

namespace {

const insitu::test::FuzzTarget& ChosenTarget() {
  const char* name = std::getenv("INSITU_FUZZ_TARGET");
  const auto targets = insitu::test::FuzzTargets();
  const auto found = std::ranges::find(targets, std::string_view(name ? name : ""),
                                       &insitu::test::FuzzTarget::name);
  if (found != targets.end()) return *found;
  std::fputs("Set INSITU_FUZZ_TARGET to one of:", stderr);
  for (const auto& target : targets)
    std::fprintf(stderr, " %.*s", static_cast<int>(target.name.size()), target.name.data());
  std::fputs("\n", stderr);
  std::exit(2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const insitu::test::FuzzTarget& target = ChosenTarget();
  target.run({data, size});
  return 0;
}
