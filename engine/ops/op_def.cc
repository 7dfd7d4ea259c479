// The operator table and shape inference over it.
// Invariant: whatever `infer` says is checked here once for all operators: ranks and extents within
// base/limits.h, known elements matching their shape and fitting their type. What a file declares
// about intermediate values is not trusted; inference overwrites it.
#include "ops/op_def.h"

#include <algorithm>
#include <unordered_set>

#include "base/limits.h"
#include "ops/elements.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr const OpDef* kOps[] = {
#define OP(Name) &k##Name##Op,
#include "ops/ops.def"
#undef OP
};

bool CarriesElements(DType dtype) {
  return dtype == DType::kInt64 || dtype == DType::kInt32 || dtype == DType::kBool ||
         dtype == DType::kInt16 || dtype == DType::kInt8 || dtype == DType::kUint8 ||
         dtype == DType::kUint16 || dtype == DType::kUint32;
}

bool IsCarried(const TensorView& tensor) {
  return CarriesElements(tensor.dtype) && tensor.elements() <= kMostKnownElements;
}

void NoteConstantElements(Value& value, InferenceBudget& budget) {
  if (!value.constant || value.elements || !IsCarried(value.constant->View())) return;
  if (budget.Spend(static_cast<size_t>(value.constant->elements())))
    value.elements = KnownElements(value.constant->View());
}

Status CheckArity(const OpDef& def, const Node& node) {
  const auto check = [&](const char* what, const std::vector<ValueId>& ids, int least, int most) {
    const int count = static_cast<int>(ids.size());
    bool ok = count >= least && (most < 0 || count <= most);
    for (int i = 0; ok && i < least; ++i) ok = ids[static_cast<size_t>(i)] != kNoValue;
    if (ok) return Status{};
    return Status{Fail(ErrorCode::kInvalidModel,
                       std::string(def.name) + " takes " + std::to_string(least) +
                           (most < 0 ? " or more " : " to " + std::to_string(most) + " ") + what +
                           ", but the node has " + std::to_string(count) +
                           " (or omits a required one)",
                       "Check the model with its exporter; the node does not follow the operator's "
                       "specification.")};
  };
  INSITU_TRY(check("inputs", node.inputs, def.min_inputs, def.max_inputs));
  return check("outputs", node.outputs, def.min_outputs, def.max_outputs);
}

Status CheckOutput(const ValueType& type) {
  if (type.dtype == DType::kUndefined)
    return Fail(ErrorCode::kInvalidModel, "the element type of an output does not follow",
                "Export the model with the types of its sequences and optional values.");
  if (!type.shape) return {};
  if (type.shape->size() > static_cast<size_t>(CurrentLimits().max_rank))
    return Fail(ErrorCode::kLimitExceeded,
                "an output has rank " + std::to_string(type.shape->size()) + ", the limit is " +
                    std::to_string(CurrentLimits().max_rank));
  for (const Dim& dim : *type.shape)
    if (dim.IsKnown() && dim.value() < 0)
      return Fail(ErrorCode::kShapeMismatch,
                  "an output would have the negative dims " + ToString(*type.shape),
                  "The dims of the inputs are too small for this operator's attributes.");
  if (auto dims = KnownDims(*type.shape)) INSITU_TRY(Elements(*dims));
  return {};
}

bool ElementsFit(const ValueType& type, const std::vector<Dim>& elements) {
  if (!CarriesElements(type.dtype) || !type.shape) return false;
  auto dims = KnownDims(*type.shape);
  const int64_t count = static_cast<int64_t>(elements.size());
  if (!dims || count > kMostKnownElements || ElementsUnchecked(*dims) != count) return false;
  for (const Dim& element : elements)
    if (element.IsKnown() && !FitsInteger(type.dtype, element.value())) return false;
  return true;
}

// Forgets what is more than the budget allows.
void KeepWithin(InferenceBudget& budget, ValueType& type,
                std::optional<std::vector<Dim>>& elements) {
  if (type.shape)
    for (Dim& dim : *type.shape)
      if (dim.Weight() > 1 && !budget.Spend(dim.Weight())) dim = Dim::Unknown();
  size_t weight = 0;
  if (elements)
    for (const Dim& element : *elements) weight += element.Weight();
  if (!budget.Spend(weight)) elements.reset();
}

}  // namespace

std::optional<std::vector<Dim>> KnownElements(const TensorView& tensor) {
  if (!IsCarried(tensor)) return std::nullopt;
  std::vector<Dim> elements;
  for (int64_t i = 0; i < tensor.elements(); ++i) elements.push_back(LoadInteger(tensor, i));
  return elements;
}

std::span<const OpDef* const> AllOps() { return kOps; }

const OpDef* FindOp(std::string_view op, std::string_view domain) {
  for (const OpDef* def : kOps)
    if (def->name == op && def->domain == domain) return def;
  return nullptr;
}

DType InferContext::dtype(size_t i) const {
  return HasInput(i) ? graph_.value(node_.inputs[i]).type.dtype : DType::kUndefined;
}

const ValueType& InferContext::type(size_t i) const {
  static const ValueType kOmitted;
  return HasInput(i) ? graph_.value(node_.inputs[i]).type : kOmitted;
}

const Shape* InferContext::shape(size_t i) const {
  if (!HasInput(i)) return nullptr;
  const auto& shape = graph_.value(node_.inputs[i]).type.shape;
  return shape ? &*shape : nullptr;
}

const Tensor* InferContext::constant(size_t i) const {
  return HasInput(i) ? graph_.Constant(node_.inputs[i]) : nullptr;
}

const std::vector<Dim>* InferContext::elements(size_t i) const {
  if (!HasInput(i)) return nullptr;
  const auto& elements = graph_.value(node_.inputs[i]).elements;
  if (!elements || !std::ranges::all_of(*elements, &Dim::IsKnown))
    missed_.push_back(node_.inputs[i]);
  return elements ? &*elements : nullptr;
}

std::optional<std::vector<int64_t>> InferContext::known_integers(size_t i) const {
  if (const Tensor* tensor = constant(i); tensor && CarriesElements(tensor->dtype())) {
    std::vector<int64_t> values(static_cast<size_t>(tensor->elements()));
    LoadElements(tensor->View(), 0, 1, tensor->elements(), values.data());
    return values;
  }
  if (const std::vector<Dim>* known = elements(i)) return KnownDims(*known);
  return std::nullopt;
}

std::string InferContext::Describe(size_t i) const {
  if (!HasInput(i)) return "input " + std::to_string(i) + " (omitted)";
  const Value& value = graph_.value(node_.inputs[i]);
  return "'" + value.name + "' " + std::string(Name(value.type.dtype)) +
         (value.type.shape ? ToString(*value.type.shape) : "[...]");
}

const Shape* LowerContext::shape(size_t i) const {
  if (!HasInput(i)) return nullptr;
  const auto& shape = graph_.value(node_.inputs[i]).type.shape;
  return shape ? &*shape : nullptr;
}

const Shape* LowerContext::output_shape(size_t i) const {
  if (i >= node_.outputs.size() || node_.outputs[i] == kNoValue) return nullptr;
  const auto& shape = graph_.value(node_.outputs[i]).type.shape;
  return shape ? &*shape : nullptr;
}

const Tensor* LowerContext::constant(size_t i) const {
  return HasInput(i) ? graph_.Constant(node_.inputs[i]) : nullptr;
}

Status InferNode(Graph& graph, NodeId id, InferenceBudget& budget, std::vector<ValueId>* missed) {
  const Node& node = graph.node(id);
  const auto place = [&](Error error) {
    return std::unexpected(std::move(error).At(node.name, node.op));
  };
  const OpDef* def = FindOp(node.op, node.domain);
  if (!def)
    return place({ErrorCode::kUnsupportedOp,
                  "operator " + (node.domain.empty() ? "" : node.domain + ".") + node.op +
                      " is not supported",
                  {},
                  {},
                  "`insitu ops` lists what is supported."});
  if (auto status = CheckArity(*def, node); !status) return place(std::move(status).error());
  for (ValueId input : node.inputs)
    if (input != kNoValue) NoteConstantElements(graph.value(input), budget);

  InferContext context(graph, node);
  if (auto status = def->infer(context); !status) return place(std::move(status).error());
  if (missed) *missed = context.missed();
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    ValueType& type = context.outputs()[i];
    if (auto status = CheckOutput(type); !status) return place(std::move(status).error());
    auto& elements = context.output_elements()[i];
    if (elements && !ElementsFit(type, *elements)) elements.reset();
    KeepWithin(budget, type, elements);
    Value& value = graph.value(node.outputs[i]);
    value.type = std::move(type);
    value.elements = std::move(elements);
  }
  return {};
}

Status InferShapes(Graph& graph, std::vector<Unsupported>* refused) {
  InferenceBudget budget;
  for (size_t i = 0; i < graph.value_count(); ++i)
    NoteConstantElements(graph.value(static_cast<ValueId>(i)), budget);
  std::vector<Unsupported> found;
  std::optional<Error> first;
  std::unordered_set<ValueId> unknown;  // what depends on a refused node
  for (NodeId id : graph.Order()) {
    const Node& node = graph.node(id);
    const bool depends = !unknown.empty() && std::ranges::any_of(node.inputs, [&](ValueId input) {
      return unknown.contains(input);
    });
    if (!depends) {
      Status status = InferNode(graph, id, budget);
      if (status) continue;
      Error& error = status.error();
      if (error.code != ErrorCode::kUnsupportedOp && error.code != ErrorCode::kUnsupportedType)
        return status;
      found.push_back(
          {node.name, node.domain.empty() ? node.op : node.domain + "." + node.op, error.message});
      if (!first) first = std::move(error);
    }
    unknown.insert(node.outputs.begin(), node.outputs.end());
    unknown.erase(kNoValue);
  }
  if (found.empty()) return {};
  if (refused) {
    refused->insert(refused->end(), found.begin(), found.end());
    return {};
  }
  return std::unexpected(found.size() == 1 ? *std::move(first)
                                           : UnsupportedError(found, first->code));
}

}  // namespace insitu
