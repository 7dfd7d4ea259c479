// The list of movers, and the conditions under which the conditional ones are.
#include "passes/movers.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace insitu {
namespace {

constexpr std::array<std::string_view, 19> kPlain = {
    "MaxPool",  "Reshape",        "Flatten",       "Transpose",    "Squeeze",         "Unsqueeze",
    "Slice",    "Gather",         "Expand",        "DepthToSpace", "SpaceToDepth",    "Tile",
    "GatherND", "GatherElements", "GlobalMaxPool", "ReduceMax",    "ReverseSequence", "Compress",
    "TopK"};

bool Interpolates(const Node& node) {
  return node.Attr("mode", std::string("nearest")) != "nearest" ||
         node.Attr("coordinate_transformation_mode", std::string()) == "tf_crop_and_resize";
}

}  // namespace

std::optional<DataPorts> MoverPorts(const Node& node) {
  if (!node.domain.empty()) return std::nullopt;
  if (std::ranges::find(kPlain, node.op) != kPlain.end()) return DataPorts{};
  if (node.op == "Concat") return DataPorts{.inputs = node.inputs.size()};
  if (node.op == "Split") return DataPorts{.outputs = node.outputs.size()};
  if (node.op == "ArgMax" || node.op == "ArgMin") return DataPorts{.outputs = 0};
  if (node.op == "Resize" && !Interpolates(node)) return DataPorts{};
  if (node.op == "Pad" && node.Attr("mode", std::string("constant")) != "constant")
    return DataPorts{};
  return std::nullopt;
}

}  // namespace insitu
