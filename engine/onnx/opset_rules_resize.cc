// Upsample and early Resize to Resize-19, and renamed modes of the other sampling operators.
// Upsample and Resize-10 mapped coordinates asymmetrically; "nearest" rounded down when enlarging
// and up when shrinking (the examples of Resize-10 show it); where both can happen, the
// nearest_mode floor_or_ceil of insitu's own decides for every axis.
#include <algorithm>

#include "onnx/opset.h"
#include "onnx/opset_util.h"

namespace insitu {
namespace {

Status Upsample(Graph& graph, NodeId id, int64_t opset) {
  Node& node = graph.node(id);
  if (opset < 9) {
    INSITU_ASSIGN(const auto scales, Take<std::vector<float>>(node, "scales"));
    if (!scales)
      return RuleError(node, ErrorCode::kInvalidModel, "the attribute 'scales' is missing",
                       "The model was written by a faulty exporter.");
    INSITU_ASSIGN(const ValueId constant, FloatsConstant(graph, id, "scales", *scales));
    INSITU_TRY(AddInput(graph, id, 1, constant));
  }
  node.op = "Resize";
  return {};
}

// X, scales -> X, roi (omitted), scales.
Status OldResize(Graph& graph, NodeId id, int64_t) {
  Node& node = graph.node(id);
  if (node.inputs.size() != 2 || node.inputs[1] == kNoValue)
    return RuleError(node, ErrorCode::kInvalidModel, node.op + " takes an input and scales",
                     "The model was written by a faulty exporter.");
  INSITU_ASSIGN(const auto given, Take<std::string>(node, "mode"));
  const std::string mode = given.value_or("nearest");
  node.attributes["coordinate_transformation_mode"] = std::string("asymmetric");
  node.attributes["mode"] = mode == "bilinear" ? std::string("linear") : mode;
  if (mode == "nearest") {
    // Computed scales may do either.
    const Tensor* scales = graph.Constant(node.inputs[1]);
    const bool known = scales && scales->dtype() == DType::kFloat32;
    const auto any = [&](auto way) {
      return !known || std::ranges::any_of(scales->As<float>(), way);
    };
    const bool shrinks = any([](float s) { return s < 1; });
    const bool grows = any([](float s) { return s > 1; });
    const char* rounding = !shrinks ? "floor" : grows ? "floor_or_ceil" : "ceil";
    node.attributes["nearest_mode"] = std::string(rounding);
  }
  graph.Connect(id, {node.inputs[0], kNoValue, node.inputs[1]}, node.outputs);
  return {};
}

// Exporters write empty roi and scales where they mean none.
Status DropEmptyInputs(Graph& graph, NodeId id, int64_t) {
  std::vector<ValueId> inputs = graph.node(id).inputs;
  for (size_t i = 1; i < inputs.size(); ++i) {
    const Tensor* tensor = graph.Constant(inputs[i]);
    if (tensor && tensor->elements() == 0) inputs[i] = kNoValue;
  }
  while (inputs.size() > 1 && inputs.back() == kNoValue) inputs.pop_back();
  graph.Connect(id, std::move(inputs), graph.node(id).outputs);
  return {};
}

Status RoiAlign(Graph& graph, NodeId id, int64_t) {
  graph.node(id).attributes["coordinate_transformation_mode"] = std::string("output_half_pixel");
  return {};
}

Status GridSample(Graph& graph, NodeId id, int64_t) {
  Node& node = graph.node(id);
  const std::string mode = node.Attr<std::string>("mode", "bilinear");
  if (mode == "bilinear") node.attributes["mode"] = std::string("linear");
  if (mode == "bicubic") node.attributes["mode"] = std::string("cubic");
  return {};
}

constexpr OpsetRule kRules[] = {
    {"Upsample", 11, Upsample},           {"Resize", 11, OldResize},
    {"Resize", kAlways, DropEmptyInputs}, {"RoiAlign", 16, RoiAlign},
    {"GridSample", 20, GridSample},
};

}  // namespace

std::span<const OpsetRule> ResizeRules() { return kRules; }

}  // namespace insitu
