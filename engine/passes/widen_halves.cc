// WidenHalves: operators of float16 and bfloat16 data compute in float32, between Casts. Why: no
// backend computes in 16 bits, so that they would be left to the reference, one operator after the
// other rounding. Constants are widened at once, inputs behind a Cast, outputs in front of one; a
// value that still has a reader of 16 bits has both forms. An operator stays as it is where its
// float32 form would not give float32 (types in attributes), where it has a body or handles
// sequences, and where it picks from a constant table, of which the rows are widened rather than
// the whole.
#include <algorithm>
#include <map>
#include <vector>

#include "ir/body.h"
#include "ops/elements.h"
#include "ops/op_def.h"
#include "passes/passes.h"

namespace insitu {
namespace {

bool IsHalf(DType dtype) { return dtype == DType::kFloat16 || dtype == DType::kBfloat16; }

Result<Tensor> Widen(const Tensor& half) {
  INSITU_ASSIGN(Tensor wide, Tensor::Allocate(DType::kFloat32, half.dims()));
  constexpr int64_t kPiece = 256;
  double piece[kPiece];
  auto to = wide.As<float>();
  for (int64_t at = 0; at < half.elements(); at += kPiece) {
    const int64_t count = std::min(kPiece, half.elements() - at);
    LoadElements(half.View(), at, 1, count, piece);
    for (int64_t i = 0; i < count; ++i)
      to[static_cast<size_t>(at + i)] = static_cast<float>(piece[i]);
  }
  return wide;
}

class Widener {
 public:
  explicit Widener(Graph& graph) : graph_(graph) {}

  Result<bool> Run() {
    const std::vector<NodeId> order = graph_.Order();
    for (size_t i = 0; i < order.size(); ++i)
      INSITU_TRY(Visit(order[i], i + 1 < order.size() ? order[i + 1] : kNoNode));
    return changed_;
  }

 private:
  bool HoldsHalves(ValueId id) const {
    return id != kNoValue && IsHalf(graph_.value(id).type.dtype);
  }

  // Whether it takes or gives sequences and the like, whose elements are of a type of their own.
  bool HoldsOthers(const Node& node) const {
    const auto is_other = [this](ValueId id) {
      return id != kNoValue && !IsTensorType(graph_.value(id).type.dtype);
    };
    return std::ranges::any_of(node.inputs, is_other) ||
           std::ranges::any_of(node.outputs, is_other);
  }

  Status Visit(NodeId id, NodeId next) {
    const Node& node = graph_.node(id);
    if (node.Is("Cast") && HoldsHalves(node.outputs[0])) return VisitCast(id, next);
    if (!std::ranges::any_of(node.inputs, [this](ValueId v) { return HoldsHalves(v); }) ||
        HasBody(node) || HoldsOthers(node) ||
        (node.Is("Gather") && graph_.IsConstant(node.inputs[0])))
      return {};
    return WidenNode(id, next);
  }

  // A cast to 16 bits: what its readers want is there already, or another cast away.
  Status VisitCast(NodeId id, NodeId next) {
    const ValueId from = graph_.node(id).inputs[0], to = graph_.node(id).outputs[0];
    if (graph_.value(from).type.dtype == DType::kFloat32) {
      wide_[to] = from;
    } else {
      changed_ = true;
      INSITU_ASSIGN(wide_[to], HoldsHalves(from) ? WideForm(from, id) : AddCast(from, next));
    }
    return {};
  }

  Status WidenNode(NodeId id, NodeId next) {
    const std::vector<ValueId> inputs = graph_.node(id).inputs, outputs = graph_.node(id).outputs;
    std::vector<ValueId> wide_inputs = inputs, wide_outputs = outputs;
    for (ValueId& input : wide_inputs)
      if (HoldsHalves(input)) {
        INSITU_ASSIGN(input, WideForm(input, id));
      }
    for (ValueId& output : wide_outputs)
      if (HoldsHalves(output)) output = AddValue(output);
    graph_.Connect(id, wide_inputs, wide_outputs);
    bool fits = InferNode(graph_, id, budget_).has_value();
    for (size_t i = 0; i < outputs.size(); ++i)
      fits = fits && (!HoldsHalves(outputs[i]) ||
                      graph_.value(wide_outputs[i]).type.dtype == DType::kFloat32);
    changed_ = true;  // at least what was added to try
    if (!fits) {
      graph_.Connect(id, inputs, outputs);
      return InferNode(graph_, id, budget_);
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!HoldsHalves(outputs[i])) continue;
      wide_[outputs[i]] = wide_outputs[i];
      AddCastTo(wide_outputs[i], outputs[i], next);
    }
    return {};
  }

  // The value in float32, ready in front of the node.
  Result<ValueId> WideForm(ValueId id, NodeId before) {
    if (const auto known = wide_.find(id); known != wide_.end()) return known->second;
    ValueId wide;
    if (const Tensor* constant = graph_.Constant(id)) {
      INSITU_ASSIGN(Tensor widened, Widen(*constant));
      wide = graph_.AddConstant(graph_.value(id).name + "_float32", std::move(widened));
    } else {
      INSITU_ASSIGN(wide, AddCast(id, before));
    }
    wide_[id] = wide;
    return wide;
  }

  ValueId AddValue(ValueId half) {
    return graph_.AddValue({graph_.FreshName(graph_.value(half).name + "_float32"),
                            {DType::kFloat32, graph_.value(half).type.shape},
                            std::nullopt,
                            std::nullopt});
  }
  Result<ValueId> AddCast(ValueId from, NodeId before) {
    const ValueId to = AddValue(from);
    AddCastTo(from, to, before);
    return to;
  }
  void AddCastTo(ValueId from, ValueId to, NodeId before) {
    Node cast;
    cast.name = graph_.value(to).name + "_cast";
    cast.op = "Cast";
    cast.inputs = {from};
    cast.outputs = {to};
    cast.attributes.emplace("to", static_cast<int64_t>(graph_.value(to).type.dtype));
    graph_.AddNode(std::move(cast), before);
  }

  Graph& graph_;
  InferenceBudget budget_;
  bool changed_ = false;
  std::map<ValueId, ValueId> wide_;  // the float32 form of a value
};

}  // namespace

Result<bool> WidenHalves(Graph& graph, PassContext& context) {
  if (!context.widens_halves) return false;
  return Widener(graph).Run();
}

}  // namespace insitu
