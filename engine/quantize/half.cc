// A value keeps its name, and its readers: it is no constant any more but the output of the Cast.
// Rounding normal numbers of float16 (from 2^-14 to 65504) costs at most 2^-11 of each. Smaller
// ones lose more; a product or sum does not notice where they are few, what divides by them does.
#include "quantize/half.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>

#include "ops/elements.h"
#include "ops/op_def.h"
#include "quantize/matrix_layer.h"

namespace insitu {
namespace {

constexpr int64_t kFewest = 64;  // elements whose bytes a Cast in the file is worth
constexpr double kSmallest = 0x1p-14, kRounding = 0x1p-11;

// What a Tensor becomes by rounding.
struct Halves {
  Tensor tensor;
  bool has_small = false;       // a number that is not 0 is below the normal ones
  double error = 0, power = 0;  // sums of squares; infinite error beyond the range

  bool Fit(bool each_counts) const {
    return error <= kRounding * kRounding * power && !(each_counts && has_small);
  }
};

Result<Halves> Round(const Tensor& tensor) {
  Halves made;
  INSITU_ASSIGN(made.tensor, Tensor::Allocate(DType::kFloat16, tensor.dims()));
  const TensorView from = tensor.View(), to = made.tensor.View();
  double wide[kBlock], half[kBlock];
  for (int64_t at = 0; at < tensor.elements(); at += kBlock) {
    const int64_t count = std::min(kBlock, tensor.elements() - at);
    LoadElements(from, at, 1, count, wide);
    StoreElements(wide, count, to, at, 1, OnOverflow::kInfinity);
    LoadElements(to, at, 1, count, half);
    for (int64_t i = 0; i < count; ++i) {
      if (!std::isfinite(wide[i])) continue;
      made.has_small |= wide[i] != 0 && std::abs(wide[i]) < kSmallest;
      made.error += (wide[i] - half[i]) * (wide[i] - half[i]);
      made.power += wide[i] * wide[i];
    }
  }
  return made;
}

// Operators whose result has an error in proportion to that of the constant as a whole.
bool IsLinear(const Node& node) {
  constexpr std::array<std::string_view, 10> kLinear = {
      "MatMul", "Gemm", "Conv", "ConvTranspose", "Einsum", "Gather", "LSTM", "GRU", "RNN", "Add"};
  return std::ranges::find(kLinear, node.op) != kLinear.end();
}

// Whether constants may be scales of integers.
bool IsQuantized(const Node& node) {
  constexpr std::array<std::string_view, 4> kMarks = {"uantize", "QLinear", "Integer", "NBits"};
  return node.op.starts_with("Q") || std::ranges::any_of(kMarks, [&](std::string_view mark) {
           return node.op.find(mark) != std::string::npos;
         });
}

bool ReadsDynamicScale(const Graph& graph, const Node& node) {
  return std::ranges::any_of(node.inputs, [&](ValueId id) {
    const NodeId producer = id == kNoValue ? kNoNode : graph.Producer(id);
    return producer != kNoNode && graph.node(producer).Is("DynamicQuantizeLinear");
  });
}

Result<bool> Store(Graph& graph, ValueId id, std::span<const NodeId> readers) {
  const bool each_counts =
      !std::ranges::all_of(readers, [&](NodeId reader) { return IsLinear(graph.node(reader)); });
  INSITU_ASSIGN(Halves halves, Round(*graph.Constant(id)));
  if (!halves.Fit(each_counts)) return false;
  const std::string name = graph.value(id).name;
  const ValueId stored = graph.AddConstant(name + "_float16", std::move(halves.tensor));
  graph.value(id).constant.reset();
  graph.AddNode({name + "_float32",
                 "",
                 "Cast",
                 {stored},
                 {id},
                 {{"to", static_cast<int64_t>(DType::kFloat32)}}},
                readers.front());
  return true;
}

}  // namespace

Result<int64_t> StoreHalves(Graph& graph, const QuantizeOptions& options) {
  std::set<NodeId> changed;
  const size_t values = graph.value_count();
  for (size_t i = 0; i < values; ++i) {
    const auto id = static_cast<ValueId>(i);
    const Tensor* constant = graph.Constant(id);
    if (!constant || constant->dtype() != DType::kFloat32 || constant->elements() < kFewest ||
        graph.IsOutput(id))
      continue;
    const std::vector<NodeId> readers = graph.Consumers(id);
    const bool stays = std::ranges::any_of(readers, [&](NodeId reader) {
      const Node& node = graph.node(reader);
      return IsExcluded(node, options) || IsQuantized(node) || ReadsDynamicScale(graph, node);
    });
    if (readers.empty() || stays) continue;
    INSITU_ASSIGN(const bool stored, Store(graph, id, readers));
    if (stored) changed.insert(readers.begin(), readers.end());
  }
  if (!changed.empty()) INSITU_TRY(InferShapes(graph));
  return static_cast<int64_t>(changed.size());
}

}  // namespace insitu
