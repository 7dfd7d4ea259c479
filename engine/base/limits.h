// Every bound on what a model or an input may ask for, in one place.
// Invariant: a limit is checked before memory or time is spent on what it bounds.
#pragma once

#include <cstdint>

namespace insitu {

struct Limits {
  int64_t max_model_bytes = int64_t{2} << 30;
  int64_t max_nodes = 200'000;
  int64_t max_values = 400'000;
  int64_t max_graph_ends = 8192;  // inputs, or outputs, of one graph
  int max_subgraph_depth = 16;
  int64_t max_loop_trips = int64_t{1} << 24;
  int max_rank = 16;
  int64_t max_elements = int64_t{1} << 31;      // of one tensor
  int64_t max_tensor_bytes = int64_t{2} << 30;  // of one tensor
  int64_t max_arena_bytes = int64_t{3} << 30;   // of all intermediate tensors of one plan
  int64_t max_name_bytes = 4096;
};

inline constexpr Limits kDefaultLimits{};

}  // namespace insitu
