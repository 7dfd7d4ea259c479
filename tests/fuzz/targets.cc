// The table of targets, and how a broken promise ends.
#include "fuzz/targets.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace insitu::test {
namespace {

constexpr FuzzTarget kTargets[] = {
    {"model", FuzzModel},         {"load", FuzzLoad},
    {"text", FuzzText},           {"external_data", FuzzExternalData},
    {"profile", FuzzProfile},     {"histogram", FuzzHistogram},
    {"quantized", FuzzQuantized},
};

}  // namespace

std::span<const FuzzTarget> FuzzTargets() { return kTargets; }

void Require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

void RequireTyped(const Error& error) {
  Require(error.code != ErrorCode::kInternal && !error.message.empty(), ToString(error));
}

}  // namespace insitu::test
