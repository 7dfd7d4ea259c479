// Program: the shape-free product of loading. Passes are done, every node is assigned to a backend
// or to the reference, weights are packed once.
// Invariant: steps are in order of execution and cover every live node of the graph.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "ir/graph.h"
#include "ops/op_def.h"
#include "plan/backend.h"

namespace insitu {

struct Step {
  NodeId node = kNoNode;
  const OpDef* def = nullptr;
  std::unique_ptr<Kernel> kernel;  // nullptr: the reference computes it
  std::vector<size_t> operands;    // node inputs that the kernel reads
  bool in_place = false;
  bool alias = false;  // Reshape and its kind: the output is the input's memory
  std::string on;      // "xnnpack", "kernel", "reference"
  std::string why;     // why not on the first backend; empty when it is
};

class Program {
 public:
  // `graph` has been through the passes. `backends` in order of preference, outliving the program;
  // empty: everything on the reference. Constants that only packing needed are released, the others
  // copied, so that nothing refers to the model's bytes any more. OutOfMemory, or what
  // Backend::Create reports.
  static Result<Program> Build(Graph graph, std::span<Backend* const> backends);

  const Graph& graph() const { return graph_; }
  std::span<Step> steps() { return steps_; }
  std::span<const Step> steps() const { return steps_; }
  size_t packed_bytes() const;

 private:
  Graph graph_;
  std::vector<Step> steps_;
};

}  // namespace insitu
