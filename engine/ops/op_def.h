// OpDef: everything the engine knows about one operator. Each ops/<name>.cc defines one (or a
// family of them) and ops.def lists it; import, inference, reference execution, lowering, layout,
// documentation and the completeness test all read the same record.
// Invariant: callbacks never abort on bad input; they return a typed Error.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dim.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/tensor.h"
#include "ir/graph.h"
#include "ops/lowering.h"
#include "ops/unsupported.h"

namespace insitu {

enum class AttrKind : uint8_t { kInt, kFloat, kString, kTensor, kGraph, kInts, kFloats, kStrings };

struct AttrSpec {
  std::string_view name;
  AttrKind kind;
  bool required = false;
};

// Inference of types and shapes for one node. Inputs that are omitted have no type.
class InferContext {
 public:
  InferContext(const Graph& graph, const Node& node) : graph_(graph), node_(node) {
    outputs_.resize(node.outputs.size());
    elements_.resize(node.outputs.size());
  }

  const Graph& graph() const { return graph_; }
  const Node& node() const { return node_; }
  size_t input_count() const { return node_.inputs.size(); }
  bool HasInput(size_t i) const { return i < node_.inputs.size() && node_.inputs[i] != kNoValue; }
  DType dtype(size_t i) const;
  // The whole type, or that of an omitted input.
  const ValueType& type(size_t i) const;
  // nullptr when the rank is unknown or the input omitted.
  const Shape* shape(size_t i) const;
  // A constant input, else nullptr.
  const Tensor* constant(size_t i) const;
  // What is known of the elements of a small integer input (constants included), else nullptr.
  // Asking for elements that are not known is noted in missed().
  const std::vector<Dim>* elements(size_t i) const;
  // The elements of an integer input when all of them are numbers.
  std::optional<std::vector<int64_t>> known_integers(size_t i) const;
  // "'x' float32[1,3]", for messages.
  std::string Describe(size_t i) const;

  void SetOutput(size_t i, DType dtype, std::optional<Shape> shape) {
    if (i < outputs_.size()) outputs_[i] = {dtype, std::move(shape)};
  }
  void SetType(size_t i, ValueType type) {
    if (i < outputs_.size()) outputs_[i] = std::move(type);
  }
  void SetElements(size_t i, std::vector<Dim> elements) {
    if (i < elements_.size()) elements_[i] = std::move(elements);
  }

  // The inputs whose elements were asked for and not (all) known.
  const std::vector<ValueId>& missed() const { return missed_; }
  std::vector<ValueType>& outputs() { return outputs_; }
  std::vector<std::optional<std::vector<Dim>>>& output_elements() { return elements_; }

 private:
  const Graph& graph_;
  const Node& node_;
  std::vector<ValueType> outputs_;
  std::vector<std::optional<std::vector<Dim>>> elements_;
  mutable std::vector<ValueId> missed_;
};

// Runs a graph that is an attribute of the node.
using SubgraphRunner =
    std::function<Result<std::vector<Tensor>>(const Graph& graph, std::span<const Tensor> inputs)>;

// One call of a reference kernel: views of inputs and allocated outputs.
struct RunContext {
  const Node& node;
  std::span<const TensorView> inputs;  // dtype kUndefined where omitted
  // Outputs whose shape inference knows are allocated before the call. Others have dtype
  // kUndefined and must be made by `allocate`.
  std::span<TensorView> outputs;
  std::function<Result<TensorView>(size_t output, DType dtype, Dims dims)> allocate;
  // For operators on sequences, optional values and subgraphs, which always run outside a plan: the
  // inputs and outputs as a whole, and how a subgraph is run.
  std::span<const Tensor> tensors = {};
  std::span<Tensor> results = {};
  SubgraphRunner run_subgraph = {};

  bool HasInput(size_t i) const {
    return i < inputs.size() && inputs[i].dtype != DType::kUndefined;
  }
};

// What lowering may look at: the node, its types after inference, and constant inputs.
class LowerContext {
 public:
  LowerContext(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}
  const Graph& graph() const { return graph_; }
  const Node& node() const { return node_; }
  bool HasInput(size_t i) const { return i < node_.inputs.size() && node_.inputs[i] != kNoValue; }
  DType dtype(size_t i) const { return graph_.value(node_.inputs[i]).type.dtype; }
  DType output_dtype(size_t i) const { return graph_.value(node_.outputs[i]).type.dtype; }
  const Shape* shape(size_t i) const;
  const Shape* output_shape(size_t i) const;
  const Tensor* constant(size_t i) const;

 private:
  const Graph& graph_;
  const Node& node_;
};

// Why an operator cannot be expressed as a LoweredOp; shown by explain().
struct Refusal {
  std::string why;
  // Set where it is no property of the operator: memory did not suffice to find out.
  std::optional<Error> out_of_memory = {};
};
using Lowering = std::expected<LoweredNode, Refusal>;

// Input `index` of a node becomes this constant; see OpDef::commute_inputs.
struct ReplacedInput {
  size_t index = 0;
  Tensor tensor;
};

struct OpDef {
  std::string_view name;
  std::string_view domain = "";
  // Opset versions at which the operator or its meaning changed, all of which the importer accepts
  // (normalised by onnx/opset.cc to the newest).
  std::span<const int> since = {};
  std::span<const AttrSpec> attributes = {};
  int min_inputs = 1, max_inputs = 1;  // max -1: any number
  int min_outputs = 1, max_outputs = 1;
  Status (*infer)(InferContext&) = nullptr;
  Status (*run)(RunContext&) = nullptr;
  // nullptr: only the reference computes it; `no_lowering` says why, for explain().
  Lowering (*lower)(const LowerContext&) = nullptr;
  std::string_view no_lowering = "insitu's reference computes it";
  // What a permutation in front becomes behind the operator. When every data input (every input
  // with as many axes as `perm`) is permuted by `perm` (output axis i is input axis perm[i]), the
  // node with the returned attributes gives the original outputs, each permuted by `perm` (but
  // those without axes). Inputs of one element stay as they are; any other input must be replaced
  // by `commute_inputs`. Where the attributes returned say `channels_last` for the first time or no
  // longer, input 0 alone is data. nullopt, or a nullptr callback: it may not pass.
  std::optional<Attributes> (*commute)(const Graph&, const Node&,
                                       std::span<const int64_t> perm) = nullptr;
  // Constant inputs that change with the permutation: parameters given as inputs (pads, axes) and
  // operands of lower rank that broadcast. An input it leaves out stays unreplaced. May be nullptr.
  Result<std::vector<ReplacedInput>> (*commute_inputs)(const Graph&, const Node&,
                                                       std::span<const int64_t> perm) = nullptr;
  bool deterministic = true;  // may be folded at load
};

// All operators, in the order of ops.def.
std::span<const OpDef* const> AllOps();
// nullptr when insitu does not know it.
const OpDef* FindOp(std::string_view op, std::string_view domain);
// Runs `infer` of every live node in order and stores types and known elements in the graph. What
// operators refuse as unsupported is collected, so that one error lists all of it; with `refused`
// given it goes there and is no error.
Status InferShapes(Graph& graph, std::vector<Unsupported>* refused = nullptr);
// What inference may still find out about the values of a graph beyond numbers: elements, and
// extents that are expressions. What is more is not known, as if the operator had not told.
class InferenceBudget {
 public:
  // Whether there is as much left, which is then spent.
  bool Spend(size_t units) {
    if (units > left_) return false;
    left_ -= units;
    return true;
  }

 private:
  size_t left_ = kMostInferredUnits;
};

// Runs `infer` of one node and stores what it found. `missed` receives the inputs whose elements
// would have told more.
Status InferNode(Graph& graph, NodeId id, InferenceBudget& budget,
                 std::vector<ValueId>* missed = nullptr);
inline Status InferNode(Graph& graph, NodeId id) {
  InferenceBudget budget;
  return InferNode(graph, id, budget);
}
// The elements of a small tensor of integers, as inference carries them, else nullopt.
std::optional<std::vector<Dim>> KnownElements(const TensorView& tensor);

}  // namespace insitu
