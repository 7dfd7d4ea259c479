// y = Cast(product of integers) * (scale of x * scale of w) + bias:
//   q, sx, zx = DynamicQuantizeLinear(x)
//   MatMulInteger(q, w, zx), with w in int8 and no zero point
//   ConvInteger(q, w, zx, 128), with w in uint8: onnxruntime has convolutions of int8 weights only
//   since lately, and takes one zero point alone
// The node of the float layer becomes the last of the chain, the product takes over its name.
#include "quantize/dynamic.h"

#include <map>
#include <utility>

#include "ops/matmul_lowering.h"
#include "ops/op_def.h"
#include "quantize/matrix_layer.h"
#include "quantize/weight_codes.h"

namespace insitu {
namespace {

// It has few weights, and a handful of products for each number that would be quantized.
bool IsDepthwise(const Node& conv, const Tensor& weights) {
  return conv.Attr<int64_t>("group", 1) > 1 && weights.dims()[1] == 1;
}

class DynamicQuantizer {
 public:
  DynamicQuantizer(Graph& graph, const QuantizeOptions& options)
      : graph_(graph), options_(options) {}

  Result<int64_t> Run() {
    int64_t changed = 0;
    for (NodeId id : graph_.Order()) {
      if (IsExcluded(graph_.node(id), options_)) continue;
      INSITU_ASSIGN(const bool quantized,
                    graph_.node(id).Is("Conv") ? QuantizeConv(id) : QuantizeMatrix(id));
      changed += quantized;
    }
    if (changed > 0) INSITU_TRY(InferShapes(graph_));
    return changed;
  }

 private:
  struct Data {
    ValueId codes, scale, zero_point;
  };
  struct Weights {
    ValueId codes, scale;
  };

  Result<bool> QuantizeMatrix(NodeId id) {
    const auto layer = MatchMatrixLayer(graph_, graph_.node(id));
    if (!layer || layer->depth > kMostProducts) return false;
    INSITU_ASSIGN(const Weights weights, MatrixWeights(*layer));
    const ValueId column_addend = ColumnAddend(graph_, *layer);
    const Data data = DataOf(layer->data, id);
    Replace(id, {"", "", "MatMulInteger", {data.codes, weights.codes, data.zero_point}, {}, {}},
            data.scale, weights.scale, column_addend == kNoValue ? layer->addend : column_addend);
    return true;
  }

  Result<bool> QuantizeConv(NodeId id) {
    const Node conv = graph_.node(id);
    const bool has_bias = conv.inputs.size() > 2 && conv.inputs[2] != kNoValue;
    const Tensor* w = graph_.Constant(conv.inputs[1]);
    if (!w || w->dims().size() < 3 || IsDepthwise(conv, *w) || !IsWeights(graph_, conv.inputs[1]) ||
        graph_.IsConstant(conv.inputs[0]) || !IsFloat32(graph_, conv.inputs[0]) ||
        w->elements() / w->dims()[0] > kMostProducts ||
        (has_bias && !IsWeights(graph_, conv.inputs[2])))
      return false;
    if (has_bias && graph_.Constant(conv.inputs[2])->elements() != w->dims()[0]) return false;
    Dims per_channel(w->dims().size() - 1, 1);
    per_channel[0] = w->dims()[0];
    ValueId bias = kNoValue;
    if (has_bias)
      bias = graph_.AddConstant(graph_.value(conv.inputs[2]).name,
                                graph_.Constant(conv.inputs[2])->Reshaped(per_channel));
    INSITU_ASSIGN(const Weights weights, ConvWeights(conv.inputs[1], per_channel));
    if (weight_zero_ == kNoValue) {
      const uint8_t zero = 0x80;
      INSITU_ASSIGN(Tensor tensor, Tensor::From<uint8_t>({}, std::span(&zero, 1)));
      weight_zero_ = graph_.AddConstant("weight_zero_point", std::move(tensor));
    }
    const Data data = DataOf(conv.inputs[0], id);
    Replace(id,
            {"",
             "",
             "ConvInteger",
             {data.codes, weights.codes, data.zero_point, weight_zero_},
             {},
             conv.attributes},
            data.scale, weights.scale, bias);
    return true;
  }

  // What quantizes the value, in front of its first reader.
  Data DataOf(ValueId id, NodeId reader) {
    const auto [known, is_new] = data_.try_emplace(id);
    Data& data = known->second;
    if (!is_new) return data;
    const auto add = [&](std::string_view what) {
      return graph_.AddValue({graph_.FreshName(graph_.value(id).name + std::string(what)),
                              {},
                              std::nullopt,
                              std::nullopt});
    };
    data = {add("_quantized"), add("_scale"), add("_zero_point")};
    graph_.AddNode({graph_.value(data.codes).name,
                    "",
                    "DynamicQuantizeLinear",
                    {id},
                    {data.codes, data.scale, data.zero_point},
                    {}},
                   reader);
    return data;
  }

  Result<WeightCodes> Encoded(ValueId id, int64_t axis) const {
    return EncodeWeights(*graph_.Constant(id), options_.per_channel ? axis : -1,
                         WeightLimit(options_.reduce_range));
  }

  Result<Weights> MatrixWeights(const MatrixLayer& layer) {
    const auto [known, is_new] = weights_.try_emplace({layer.weights, layer.transposed});
    if (!is_new) return known->second;
    INSITU_ASSIGN(WeightCodes made, Encoded(layer.weights, layer.transposed ? 0 : 1));
    if (layer.transposed) {
      INSITU_ASSIGN(made.codes, TransposedWeights(made.codes));
    }
    return known->second = Add(layer.weights, std::move(made));
  }

  Result<Weights> ConvWeights(ValueId id, const Dims& per_channel) {
    const auto [known, is_new] = weights_.try_emplace({id, false});
    if (!is_new) return known->second;
    INSITU_ASSIGN(WeightCodes made, Encoded(id, 0));
    if (options_.per_channel) made.scales = made.scales.Reshaped(per_channel);
    INSITU_ASSIGN(Tensor shifted, Tensor::Allocate(DType::kUint8, made.codes.dims()));
    for (size_t i = 0; i < shifted.size_bytes(); ++i)
      shifted.data()[i] = made.codes.data()[i] ^ std::byte{0x80};
    made.codes = std::move(shifted);
    return known->second = Add(id, std::move(made));
  }

  Weights Add(ValueId id, WeightCodes made) {
    const std::string name = graph_.value(id).name;
    return {graph_.AddConstant(name + "_quantized", std::move(made.codes)),
            graph_.AddConstant(name + "_scale", std::move(made.scales))};
  }

  void Replace(NodeId id, Node product, ValueId x_scale, ValueId w_scale, ValueId bias) {
    Node& last = graph_.node(id);
    const std::string name = std::exchange(last.name, "");
    const auto add = [&](std::string_view what, Node node) {
      return AddNodeBefore(graph_, id, name + std::string(what), std::move(node));
    };
    product.name = name;
    const ValueId sums = add("_sums", std::move(product));
    const ValueId scale = add("_scales", {"", "", "Mul", {x_scale, w_scale}, {}, {}});
    const ValueId real =
        add("_real", {"", "", "Cast", {sums}, {}, {{"to", static_cast<int64_t>(DType::kFloat32)}}});
    std::vector<ValueId> inputs = {real, scale};
    if (bias != kNoValue) inputs = {add("_scaled", {"", "", "Mul", inputs, {}, {}}), bias};
    last.name = graph_.FreshName(name + (bias == kNoValue ? "_scaled" : "_biased"));
    last.op = bias == kNoValue ? "Mul" : "Add";
    last.attributes.clear();
    graph_.Connect(id, std::move(inputs), std::vector<ValueId>(last.outputs));
  }

  Graph& graph_;
  const QuantizeOptions& options_;
  std::map<ValueId, Data> data_;
  std::map<std::pair<ValueId, bool>, Weights> weights_;  // by value and whether transposed
  ValueId weight_zero_ = kNoValue;
};

}  // namespace

Result<int64_t> QuantizeDynamic(Graph& graph, const QuantizeOptions& options) {
  return DynamicQuantizer(graph, options).Run();
}

}  // namespace insitu
