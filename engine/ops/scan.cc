// Scan: a body run over the slices of some inputs, with state carried along and outputs stacked.
// https://onnx.ai/onnx/operators/onnx__Scan.html (9; onnx/opset_rules_scan.cc rewrites 8)
#include <algorithm>

#include "base/limits.h"
#include "ops/axes.h"
#include "ops/control_flow.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/sequence_items.h"

namespace insitu {
namespace {

struct Counts {
  size_t states, scans, outputs;  // outputs that are stacked
};

Result<Counts> CountsOf(const Node& node) {
  const size_t formal = FormalInputs(node);
  const int64_t scans = node.Attr<int64_t>("num_scan_inputs", 0);
  if (scans < 1 || scans > static_cast<int64_t>(formal) ||
      node.outputs.size() < formal - static_cast<size_t>(scans))
    return Fail(ErrorCode::kInvalidModel,
                "Scan has " + std::to_string(formal) + " inputs, of which num_scan_inputs says " +
                    std::to_string(scans) + " are scanned, and " +
                    std::to_string(node.outputs.size()) + " outputs",
                "The model was written by a faulty exporter.");
  const size_t states = formal - static_cast<size_t>(scans);
  return Counts{states, static_cast<size_t>(scans), node.outputs.size() - states};
}

// One number for each scanned input or output; 0 where the attribute is absent.
Result<std::vector<int64_t>> List(const Node& node, const char* name, size_t count) {
  auto list = node.Attr(name, std::vector<int64_t>(count, 0));
  if (list.size() == count) return list;
  return Fail(ErrorCode::kInvalidModel, "the attribute '" + std::string(name) + "' of Scan has " +
                                            std::to_string(list.size()) + " entries, not " +
                                            std::to_string(count));
}

Status Infer(InferContext& context) {
  const Node& node = context.node();
  INSITU_ASSIGN(const Counts counts, CountsOf(node));
  INSITU_ASSIGN(const auto in_axes, List(node, "scan_input_axes", counts.scans));
  INSITU_ASSIGN(const auto out_axes, List(node, "scan_output_axes", counts.outputs));
  INSITU_ASSIGN(const Graph* body,
                InferBody(context, "body", counts.states + counts.scans, node.outputs.size()));
  Dim length = Dim::Unknown();
  if (const Shape* shape = context.shape(counts.states)) {
    INSITU_ASSIGN(const size_t axis, NormalizeAxis(in_axes[0], shape->size()));
    length = (*shape)[axis];
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    ValueType type = body->value(body->outputs[i]).type;
    if (i < counts.states) {
      type.shape = ShapeOf(context, i);
    } else if (type.shape) {
      INSITU_ASSIGN(const size_t axis,
                    NormalizeAxis(out_axes[i - counts.states], type.shape->size() + 1));
      type.shape->insert(type.shape->begin() + static_cast<ptrdiff_t>(axis), length);
    }
    context.SetType(i, std::move(type));
  }
  return {};
}

Status Run(RunContext& context) {
  const Node& node = context.node;
  const auto body = node.Attr("body", std::shared_ptr<Graph>());
  INSITU_ASSIGN(const Counts counts, CountsOf(node));
  INSITU_ASSIGN(const auto in_axes, List(node, "scan_input_axes", counts.scans));
  INSITU_ASSIGN(const auto out_axes, List(node, "scan_output_axes", counts.outputs));
  INSITU_ASSIGN(const auto in_back, List(node, "scan_input_directions", counts.scans));
  INSITU_ASSIGN(const auto out_back, List(node, "scan_output_directions", counts.outputs));

  std::vector<size_t> axes(counts.scans);
  int64_t length = 0;
  for (size_t i = 0; i < counts.scans; ++i) {
    const Dims& dims = context.inputs[counts.states + i].dims;
    INSITU_ASSIGN(axes[i], NormalizeAxis(in_axes[i], dims.size()));
    if (i > 0 && dims[axes[i]] != length)
      return Fail(ErrorCode::kShapeMismatch,
                  "the scanned inputs have " + std::to_string(length) + " and " +
                      std::to_string(dims[axes[i]]) + " slices",
                  "Feed inputs of one length.");
    length = dims[axes[i]];
  }
  if (length > CurrentLimits().max_loop_trips)
    return Fail(ErrorCode::kLimitExceeded, "Scan was asked for " + std::to_string(length) +
                                               " steps; the limit is " +
                                               std::to_string(CurrentLimits().max_loop_trips));
  if (counts.outputs > 0) INSITU_TRY(CheckSequenceItems(length));
  std::vector<Tensor> inputs(context.tensors.begin(), context.tensors.end());
  std::vector<std::vector<Tensor>> stacks(counts.outputs);
  for (int64_t step = 0; step < length; ++step) {
    for (size_t i = 0; i < counts.scans; ++i) {
      INSITU_ASSIGN(inputs[counts.states + i], TakeAt(context.tensors[counts.states + i], axes[i],
                                                      in_back[i] ? length - 1 - step : step));
    }
    INSITU_ASSIGN(auto outputs, context.run_subgraph(*body, inputs));
    for (size_t i = 0; i < counts.states; ++i) inputs[i] = std::move(outputs[i]);
    for (size_t i = 0; i < counts.outputs; ++i)
      stacks[i].push_back(std::move(outputs[counts.states + i]));
  }
  for (size_t i = 0; i < counts.states; ++i) context.results[i] = inputs[i];
  for (size_t i = 0; i < counts.outputs; ++i) {
    if (out_back[i]) std::ranges::reverse(stacks[i]);
    const ValueType& type = body->value(body->outputs[counts.states + i]).type;
    const Dims dims = stacks[i].empty() ? KnownDims(type.shape.value_or(Shape{})).value_or(Dims{})
                                        : stacks[i][0].dims();
    INSITU_ASSIGN(const size_t axis, NormalizeAxis(out_axes[i], dims.size() + 1));
    INSITU_ASSIGN(context.results[counts.states + i], Stack(stacks[i], type.dtype, dims, axis));
  }
  return {};
}

constexpr int kSince[] = {8, 9, 11, 16, 19, 21, 23};
constexpr AttrSpec kAttributes[] = {
    {"body", AttrKind::kGraph, true},           {"formal_inputs", AttrKind::kInt},
    {"num_scan_inputs", AttrKind::kInt, true},  {"scan_input_axes", AttrKind::kInts},
    {"scan_input_directions", AttrKind::kInts}, {"scan_output_axes", AttrKind::kInts},
    {"scan_output_directions", AttrKind::kInts}};

}  // namespace

const OpDef kScanOp = {.name = "Scan",
                       .since = kSince,
                       .attributes = kAttributes,
                       .max_inputs = -1,
                       .max_outputs = -1,
                       .infer = Infer,
                       .run = Run,
                       .no_lowering = "the nodes of its body run where each can",
                       .deterministic = false};

}  // namespace insitu
