// Program: the shape-free product of loading. Passes are done, every node is assigned to a backend
// or to the reference, weights are packed once.
// Invariant: steps are in order of execution and cover every live node of the graph.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "ir/graph.h"
#include "ops/op_def.h"
#include "plan/backend.h"

namespace insitu {

class Program;

struct Step {
  NodeId node = kNoNode;
  const OpDef* def = nullptr;
  std::unique_ptr<Kernel> kernel;  // nullptr: the reference computes it
  std::vector<size_t> operands;    // node inputs that the kernel reads
  // false: runs by itself on tensors of its own, outside any plan, because a value of it has no
  // bytes to place (strings) or it runs subgraphs.
  bool planned = true;
  bool in_place = false;
  bool alias = false;  // Reshape and its kind: the output is the input's memory
  // The programs of its subgraphs, by the graph in the attribute, of which only the
  // types of its outputs are left.
  std::map<const Graph*, std::unique_ptr<Program>> bodies;
  uint64_t shaped_by = 0;  // the plan whose extents the kernel has; 0: none
  std::string on;          // "xnnpack", "kernel", "reference"
  std::string why;         // why not on the first backend; empty when it is
};

class Program {
 public:
  // `graph` has been through the passes. `backends` in order of preference, outliving the program;
  // empty: everything on the reference. Constants that only packing needed are released, the others
  // copied, so that nothing refers to the model's bytes any more. OutOfMemory, or what
  // Backend::Create reports.
  // With `kept` given, what Restore makes the same program of is written there; it refers to this
  // program's memory.
  static Result<Program> Build(Graph graph, std::span<Backend* const> backends,
                               Archive* kept = nullptr);
  // By backends with the traits of those it was built by. Nothing is packed: weights lie where the
  // archive's owner has them. InvalidModel, OutOfMemory.
  static Result<Program> Restore(Archive& kept, std::span<Backend* const> backends);

  const Graph& graph() const { return graph_; }
  std::span<Step> steps() { return steps_; }
  std::span<const Step> steps() const { return steps_; }
  // The last step that reads a value, steps().size() for a graph output, 0 where nothing does.
  size_t last_read(ValueId id) const { return last_reads_[static_cast<size_t>(id)]; }
  size_t packed_bytes() const;
  // Names a plan for Step.shaped_by; never 0.
  uint64_t NextPlanId() { return ++plan_id_; }

 private:
  Graph graph_;
  std::vector<Step> steps_;
  std::vector<size_t> last_reads_;  // by value
  uint64_t plan_id_ = 0;
};

}  // namespace insitu
