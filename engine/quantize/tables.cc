// A row of a table [V, D] is what MatMulNBits has as a column: blocks along D, if they fill it.
// Their codes are of type int4, or uint4 with zero points: onnxruntime has had these types from the
// start, and bytes that hold codes, which 8 bits would need, only since lately.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.GatherBlockQuantized
#include "quantize/tables.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "ops/op_def.h"
#include "ops/packed_bits.h"
#include "quantize/block_codes.h"
#include "quantize/float_graph.h"
#include "quantize/matrix_layer.h"
#include "quantize/weight_codes.h"

namespace insitu {
namespace {

constexpr int64_t kFewest = 1024;  // elements whose bytes the nodes in the file are worth

bool IsLookUp(const Graph& graph, NodeId id, ValueId table) {
  const Node& node = graph.node(id);
  return node.Is("Gather") && node.Attr<int64_t>("axis", 0) == 0 && node.inputs[0] == table &&
         !graph.IsConstant(node.inputs[1]);
}

// A layer that is quantized has constants of its own; one that stays in float does so by request.
bool IsLayer(const Graph& graph, NodeId id, ValueId table) {
  const Node& node = graph.node(id);
  return node.inputs.size() > 1 && node.inputs[0] != table && node.inputs[1] == table &&
         LinearOf(graph, node);
}

// With who looks them up.
std::map<ValueId, std::vector<NodeId>> TablesOf(const Graph& graph,
                                                const QuantizeOptions& options) {
  std::map<ValueId, std::vector<NodeId>> tables;
  const auto values = static_cast<ValueId>(graph.value_count());
  for (ValueId id = 0; id < values; ++id) {
    const Tensor* table = graph.Constant(id);
    if (!table || table->dims().size() != 2 || table->elements() < kFewest) continue;
    std::vector<NodeId> readers = graph.Consumers(id);
    if (graph.IsOutput(id) || !IsWeights(graph, id) ||
        !std::ranges::all_of(readers, [&](NodeId reader) {
          return IsLookUp(graph, reader, id) || IsLayer(graph, reader, id);
        }))
      continue;
    std::erase_if(readers, [&](NodeId reader) {
      return !IsLookUp(graph, reader, id) || IsExcluded(graph.node(reader), options);
    });
    if (!readers.empty()) tables.emplace(id, std::move(readers));
  }
  return tables;
}

class TableQuantizer {
 public:
  TableQuantizer(Graph& graph, const QuantizeOptions& options) : graph_(graph), options_(options) {}

  Result<int64_t> Run() {
    int64_t changed = 0;
    for (const auto& [table, readers] : TablesOf(graph_, options_)) {
      const bool blocks = options_.to == QuantizeTo::kBlocks && options_.bits == 4 &&
                          graph_.Constant(table)->dims()[1] % options_.block_size == 0;
      INSITU_TRY(blocks ? ToBlocks(table, readers) : ToBytes(table, readers));
      changed += static_cast<int64_t>(readers.size());
    }
    if (changed > 0) INSITU_TRY(InferShapes(graph_));
    return changed;
  }

 private:
  // One scale a column, which is the last axis of what is picked.
  Status ToBytes(ValueId table, const std::vector<NodeId>& readers) {
    INSITU_ASSIGN(
        WeightCodes made,
        EncodeWeights(*graph_.Constant(table), options_.per_channel ? 1 : -1, WeightLimit(false)));
    const std::string name = graph_.value(table).name;
    const ValueId codes = graph_.AddConstant(name + "_quantized", std::move(made.codes));
    const ValueId scale = graph_.AddConstant(name + "_scale", std::move(made.scales));
    for (NodeId id : readers) {
      Node& node = graph_.node(id);
      const std::string own = std::exchange(node.name, graph_.FreshName(node.name + "_real"));
      const ValueId picked =
          AddNodeBefore(graph_, id, own + "_codes",
                        {own, "", "Gather", {codes, node.inputs[1]}, {}, node.attributes});
      node.op = "DequantizeLinear";
      node.attributes.clear();
      if (options_.per_channel) node.attributes.emplace("axis", int64_t{-1});
      graph_.Connect(id, {picked, scale}, std::vector<ValueId>(node.outputs));
    }
    return {};
  }

  Status ToBlocks(ValueId table, const std::vector<NodeId>& readers) {
    const Tensor floats = *graph_.Constant(table);
    INSITU_ASSIGN(BlockCodes made, EncodeBlocks(floats, true, options_.bits, options_.block_size));
    const bool is_signed = made.zero_points.empty();
    INSITU_ASSIGN(Tensor codes,
                  Tensor::Allocate(is_signed ? DType::kInt4 : DType::kUint4, floats.dims()));
    const std::byte sign{static_cast<uint8_t>(is_signed ? 0x88 : 0)};
    for (size_t i = 0; i < codes.size_bytes(); ++i) codes.data()[i] = made.codes.data()[i] ^ sign;
    const std::string name = graph_.value(table).name;
    const Dims blocks = made.scales.dims();
    std::vector<ValueId> inputs = {graph_.AddConstant(name + "_blocks", std::move(codes)), kNoValue,
                                   graph_.AddConstant(name + "_scales", std::move(made.scales))};
    if (!is_signed) {
      INSITU_ASSIGN(Tensor zeros, WithoutGaps(made.zero_points, blocks));
      inputs.push_back(graph_.AddConstant(name + "_zero_points", std::move(zeros)));
    }
    for (NodeId id : readers) {
      Node& node = graph_.node(id);
      inputs[1] = node.inputs[1];
      node.domain = "com.microsoft";
      node.op = "GatherBlockQuantized";
      node.attributes = {{"gather_axis", int64_t{0}},
                         {"quantize_axis", int64_t{1}},
                         {"block_size", options_.block_size}};
      graph_.Connect(id, inputs, std::vector<ValueId>(node.outputs));
    }
    return {};
  }

  // Rows of codes, each of which begins with a byte, as one uint4 tensor.
  static Result<Tensor> WithoutGaps(const Tensor& rows, const Dims& dims) {
    INSITU_ASSIGN(Tensor tensor, Tensor::Allocate(DType::kUint4, dims));
    std::fill_n(tensor.data(), tensor.size_bytes(), std::byte{0});
    for (int64_t i = 0; i < dims[0] * dims[1]; ++i)
      WritePacked(tensor.data(), i, 4,
                  ReadPacked(rows.data() + i / dims[1] * rows.dims()[1], i % dims[1], 4));
    return tensor;
  }

  Graph& graph_;
  const QuantizeOptions& options_;
};

}  // namespace

std::vector<NodeId> LookUps(const Graph& graph, const QuantizeOptions& options) {
  std::set<NodeId> found;
  for (const auto& [table, readers] : TablesOf(graph, options))
    found.insert(readers.begin(), readers.end());
  std::vector<NodeId> ordered = graph.Order();
  std::erase_if(ordered, [&](NodeId id) { return !found.contains(id); });
  return ordered;
}

Result<int64_t> QuantizeTables(Graph& graph, const QuantizeOptions& options) {
  return TableQuantizer(graph, options).Run();
}

}  // namespace insitu
