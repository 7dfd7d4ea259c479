// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits
// An addend with one number per column is the operator's bias; any other is added behind it.
#include "quantize/blocks.h"

#include <map>
#include <optional>
#include <utility>

#include "ops/op_def.h"
#include "quantize/block_codes.h"
#include "quantize/matrix_layer.h"

namespace insitu {
namespace {

class BlockQuantizer {
 public:
  BlockQuantizer(Graph& graph, const QuantizeOptions& options) : graph_(graph), options_(options) {}

  Result<int64_t> Run() {
    int64_t changed = 0;
    for (NodeId id : graph_.Order()) {
      const Node& node = graph_.node(id);
      const auto layer = MatchMatrixLayer(graph_, node);
      if (!layer || layer->depth < options_.block_size || IsExcluded(node, options_)) continue;
      INSITU_ASSIGN(const auto weights, WeightsOf(*layer));
      if (!weights) continue;
      Replace(id, *layer, *weights);
      ++changed;
    }
    if (changed > 0) INSITU_TRY(InferShapes(graph_));
    return changed;
  }

 private:
  struct Weights {
    ValueId codes, scales, zero_points;
  };

  // nullopt where blocks take no less.
  Result<std::optional<Weights>> WeightsOf(const MatrixLayer& layer) {
    const auto [known, is_new] = weights_.try_emplace({layer.weights, layer.transposed});
    if (!is_new) return known->second;
    const Tensor& floats = *graph_.Constant(layer.weights);
    INSITU_ASSIGN(BlockCodes made,
                  EncodeBlocks(floats, layer.transposed, options_.bits, options_.block_size));
    if (made.size_bytes() >= floats.size_bytes()) return std::nullopt;
    const std::string name = graph_.value(layer.weights).name;
    Weights weights{graph_.AddConstant(name + "_blocks", std::move(made.codes)),
                    graph_.AddConstant(name + "_scales", std::move(made.scales)), kNoValue};
    if (!made.zero_points.empty())
      weights.zero_points = graph_.AddConstant(name + "_zero_points", std::move(made.zero_points));
    return known->second = weights;
  }

  void Replace(NodeId id, const MatrixLayer& layer, const Weights& weights) {
    std::vector<ValueId> inputs = {layer.data, weights.codes, weights.scales, weights.zero_points};
    const ValueId bias = ColumnAddend(graph_, layer);
    if (bias != kNoValue) inputs.insert(inputs.end(), {kNoValue, bias});
    Attributes attributes{{"K", layer.depth},
                          {"N", layer.columns},
                          {"bits", static_cast<int64_t>(options_.bits)},
                          {"block_size", options_.block_size}};
    Node& node = graph_.node(id);
    if (layer.addend == kNoValue || bias != kNoValue) {
      node.domain = "com.microsoft";
      node.op = "MatMulNBits";
      node.attributes = std::move(attributes);
      graph_.Connect(id, std::move(inputs), std::vector<ValueId>(node.outputs));
      return;
    }
    const std::string name = std::exchange(node.name, graph_.FreshName(node.name + "_sum"));
    const ValueId product = AddNodeBefore(
        graph_, id, name + "_product",
        {name, "com.microsoft", "MatMulNBits", std::move(inputs), {}, std::move(attributes)});
    node.op = "Add";
    node.attributes.clear();
    graph_.Connect(id, {product, layer.addend}, std::vector<ValueId>(node.outputs));
  }

  Graph& graph_;
  const QuantizeOptions& options_;
  std::map<std::pair<ValueId, bool>, std::optional<Weights>> weights_;
};

}  // namespace

Result<int64_t> QuantizeBlocks(Graph& graph, const QuantizeOptions& options) {
  return BlockQuantizer(graph, options).Run();
}

}  // namespace insitu
