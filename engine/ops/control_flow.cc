#include "ops/control_flow.h"

#include <algorithm>

#include "ops/axes.h"
#include "ops/copy.h"

namespace insitu {
namespace {

// The type of a body's formal input `i`, as far as the operator tells.
ValueType FormalType(const Graph& graph, const Node& node, size_t i) {
  const auto type_of = [&](size_t input) {
    return input < node.inputs.size() && node.inputs[input] != kNoValue
               ? graph.value(node.inputs[input]).type
               : ValueType();
  };
  if (node.op == "Loop") {
    if (i == 0) return {DType::kInt64, Shape{}};
    if (i == 1) return {DType::kBool, Shape{}};
    ValueType carried = type_of(i);
    carried.shape.reset();  // it may change from one iteration to the next
    return carried;
  }
  ValueType type = type_of(i);
  const size_t formal = FormalInputs(node);
  if (node.op == "Scan") {
    const auto scans = static_cast<size_t>(node.Attr<int64_t>("num_scan_inputs", 0));
    if (scans > formal || i < formal - scans) {
      type.shape.reset();
    } else if (type.shape) {
      const auto axes = node.Attr("scan_input_axes", std::vector<int64_t>(scans, 0));
      const size_t scan = i - (formal - scans);
      const auto axis =
          scan < axes.size() ? NormalizeAxis(axes[scan], type.shape->size()) : Result<size_t>(0);
      if (axis && *axis < type.shape->size())
        type.shape->erase(type.shape->begin() + static_cast<ptrdiff_t>(*axis));
      else
        type.shape.reset();
    }
  } else if (node.op == "SequenceMap" && type.dtype == DType::kSequence) {
    return type.element ? *type.element : ValueType();
  }
  return type;
}

Result<Tensor> WithoutAxis(const Tensor& x, size_t axis, Dims& dims) {
  dims = x.dims();
  dims.erase(dims.begin() + static_cast<ptrdiff_t>(axis));
  return Tensor::Allocate(x.dtype(), dims);
}

// Steps of the other axes in a tensor of extents `whole`.
std::vector<int64_t> StepsWithout(const Dims& whole, size_t axis) {
  std::vector<int64_t> steps = RowMajorSteps(whole);
  steps.erase(steps.begin() + static_cast<ptrdiff_t>(axis));
  return steps;
}

}  // namespace

std::vector<std::shared_ptr<Graph>> Bodies(const Node& node) {
  std::vector<std::shared_ptr<Graph>> bodies;
  for (const auto& [name, attribute] : node.attributes)
    if (const auto* body = std::get_if<std::shared_ptr<Graph>>(&attribute);
        body && std::ranges::find(bodies, *body) == bodies.end())
      bodies.push_back(*body);
  return bodies;
}

size_t FormalInputs(const Node& node) {
  const auto all = static_cast<int64_t>(node.inputs.size());
  return static_cast<size_t>(std::clamp<int64_t>(node.Attr("formal_inputs", all), 0, all));
}

void TypeBodyInputs(const Graph& graph, const Node& node) {
  const size_t formal = FormalInputs(node), captured = node.inputs.size() - formal;
  for (const auto& body : Bodies(node)) {
    const size_t inputs = body->inputs.size();
    for (size_t i = 0; i < inputs; ++i) {
      const bool is_captured = i + captured >= inputs;
      const ValueId outside =
          is_captured ? node.inputs[node.inputs.size() - (inputs - i)] : kNoValue;
      ValueType type = is_captured && outside != kNoValue ? graph.value(outside).type
                                                          : FormalType(graph, node, i);
      ValueType& declared = body->value(body->inputs[i]).type;
      if (type.dtype != DType::kUndefined) declared = std::move(type);
    }
  }
}

Result<const Graph*> InferBody(const InferContext& context, std::string_view attribute,
                               size_t inputs, size_t outputs) {
  const Node& node = context.node();
  const auto body = node.Attr(attribute, std::shared_ptr<Graph>());
  if (!body)
    return Fail(ErrorCode::kInvalidModel,
                node.op + " has no graph in its attribute '" + std::string(attribute) + "'",
                "The model was written by a faulty exporter.");
  const size_t captured = node.inputs.size() - FormalInputs(node);
  if (body->inputs.size() != inputs + captured || body->outputs.size() < outputs)
    return Fail(ErrorCode::kInvalidModel,
                "the body '" + std::string(attribute) + "' of " + node.op + " has " +
                    std::to_string(body->inputs.size() - std::min(captured, body->inputs.size())) +
                    " inputs and " + std::to_string(body->outputs.size()) + " outputs, but needs " +
                    std::to_string(inputs) + " and " + std::to_string(outputs),
                "The model was written by a faulty exporter.");
  TypeBodyInputs(context.graph(), node);
  INSITU_TRY(InferShapes(*body));
  return body.get();
}

std::optional<Shape> CommonShape(const std::optional<Shape>& a, const std::optional<Shape>& b) {
  if (!a || !b || a->size() != b->size()) return std::nullopt;
  Shape common = *a;
  for (size_t i = 0; i < common.size(); ++i)
    if (!(common[i] == (*b)[i])) common[i] = Dim::Unknown();
  return common;
}

Result<Tensor> TakeAt(const Tensor& x, size_t axis, int64_t index) {
  Dims dims;
  INSITU_ASSIGN(Tensor taken, WithoutAxis(x, axis, dims));
  const int64_t offset = index * RowMajorSteps(x.dims())[axis];
  CopyStrided(x.View(), {offset, StepsWithout(x.dims(), axis)}, taken.View(),
              {0, RowMajorSteps(dims)}, dims);
  return taken;
}

Result<Tensor> Stack(std::span<const Tensor> items, DType dtype, const Dims& dims, size_t axis) {
  Dims whole = dims;
  whole.insert(whole.begin() + static_cast<ptrdiff_t>(axis), static_cast<int64_t>(items.size()));
  INSITU_ASSIGN(Tensor stacked, Tensor::Allocate(dtype, whole));
  const int64_t step = RowMajorSteps(whole)[axis];
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].dtype() != dtype || items[i].dims() != dims)
      return Fail(ErrorCode::kShapeMismatch,
                  "tensors of " + ToString(dims) + " and " + ToString(items[i].dims()) +
                      " cannot be stacked",
                  "Every iteration of a body must give outputs of the same extents.");
    CopyStrided(items[i].View(), {0, RowMajorSteps(dims)}, stacked.View(),
                {static_cast<int64_t>(i) * step, StepsWithout(whole, axis)}, dims);
  }
  return stacked;
}

}  // namespace insitu
