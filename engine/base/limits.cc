// The limits in force, their names, and the check that they only go down.
#include "base/limits.h"

#include <iterator>

namespace insitu {
namespace {

constexpr LimitName kNames[] = {
    {"modelBytes", &Limits::max_model_bytes},
    {"initializerBytes", &Limits::max_initializer_bytes},
    {"nodes", &Limits::max_nodes},
    {"values", &Limits::max_values},
    {"graphEnds", &Limits::max_graph_ends},
    {"subgraphDepth", &Limits::max_subgraph_depth},
    {"loopTrips", &Limits::max_loop_trips},
    {"rank", &Limits::max_rank},
    {"elements", &Limits::max_elements},
    {"tensorBytes", &Limits::max_tensor_bytes},
    {"arenaBytes", &Limits::max_arena_bytes},
    {"nameBytes", &Limits::max_name_bytes},
    {"stringBytes", &Limits::max_string_bytes},
    {"strings", &Limits::max_strings},
};
static_assert(sizeof(Limits) == std::size(kNames) * sizeof(int64_t));

Limits current;

}  // namespace

std::span<const LimitName> LimitNames() { return kNames; }

const Limits& CurrentLimits() { return current; }

Status SetLimits(const Limits& limits) {
  for (const auto& [name, member] : kNames) {
    const int64_t value = limits.*member, largest = kLargestLimits.*member;
    if (value < 0 || value > largest)
      return Fail(ErrorCode::kInvalidArgument,
                  "the limit " + std::string(name) + " cannot be " + std::to_string(value),
                  "Limits go down only: pass a number from 0 to " + std::to_string(largest) + ".");
  }
  current = limits;
  return {};
}

}  // namespace insitu
