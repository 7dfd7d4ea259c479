// Every bound on what a model or an input may ask for, in one place.
// Invariant: a limit is checked before memory or time is spent on what it bounds; those in force
// are never above kLargestLimits.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace insitu {

struct Limits {
  int64_t max_model_bytes = int64_t{2} << 30;
  int64_t max_initializer_bytes = int64_t{4} << 30;  // of all tensors in the file and beside it
  int64_t max_nodes = 200'000;                       // with those of subgraphs
  int64_t max_values = 400'000;
  int64_t max_graph_ends = 8192;  // inputs, or outputs, of one graph
  int64_t max_subgraph_depth = 16;
  int64_t max_loop_trips = int64_t{1} << 24;
  int64_t max_rank = 16;
  int64_t max_elements = int64_t{1} << 31;        // of one tensor
  int64_t max_tensor_bytes = int64_t{2} << 30;    // of one tensor
  int64_t max_arena_bytes = int64_t{3} << 30;     // of all intermediate tensors of one plan
  int64_t max_name_bytes = 4096;                  // of names and paths in the file
  int64_t max_string_bytes = int64_t{256} << 20;  // of all in one tensor
  int64_t max_strings = int64_t{1} << 22;         // in one tensor, or in one file
};

inline constexpr Limits kLargestLimits{};

// What nobody sets: bounds on what the engine makes of a model that is within its limits.
inline constexpr int64_t kMostLiveStringBytes = int64_t{1} << 30;  // of all tensors together
// Elements of an integer tensor that inference carries, and what it carries for one graph: units of
// Dim::Weight().
inline constexpr int64_t kMostKnownElements = 1024;
inline constexpr size_t kMostInferredUnits = size_t{1} << 22;
// Values in the plans that a session keeps, each counted once a plan.
inline constexpr size_t kMostPlannedValues = size_t{1} << 22;

// How JavaScript calls a limit.
struct LimitName {
  std::string_view name;
  int64_t Limits::* member;
};
std::span<const LimitName> LimitNames();

// Those in force: kLargestLimits, until SetLimits.
const Limits& CurrentLimits();
// For all that is loaded and run from now on; nothing may be running. InvalidArgument where one is
// negative or above kLargestLimits.
Status SetLimits(const Limits& limits);

}  // namespace insitu
