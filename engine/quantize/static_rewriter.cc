// The rewriting, weights first: their scales and those of the inputs make the scales of biases.
#include "quantize/static_rewriter.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "quantize/bias_shift.h"
#include "quantize/float_graph.h"
#include "quantize/matrix_layer.h"
#include "quantize/weight_codes.h"

namespace insitu {
namespace {

class Rewriter {
 public:
  Rewriter(Graph& graph, const Selection& selection, const Seen& seen,
           const QuantizeOptions& options)
      : graph_(graph), selection_(selection), seen_(seen), options_(options) {}

  Status Run() {
    for (const ChosenNode& chosen : selection_.nodes)
      if (const auto linear = LinearOf(graph_, graph_.node(chosen.id)))
        INSITU_TRY(EncodeLinear(chosen, *linear));
    std::set<ValueId> made;
    for (const ChosenNode& chosen : selection_.nodes) made.insert(chosen.output);
    for (ValueId id : selection_.Read(graph_)) INSITU_TRY(QuantizeValue(id, made.contains(id)));
    return {};
  }

 private:
  struct Scale {
    ValueId scale = kNoValue, zero = kNoValue;
    float value = 1;
  };

  template <class T>
  Result<ValueId> Constant(const std::string& name, Dims dims, const std::vector<T>& values) {
    INSITU_ASSIGN(Tensor tensor, Tensor::From<T>(std::move(dims), std::span<const T>(values)));
    return graph_.AddConstant(name, std::move(tensor));
  }

  // The scale of an activation, which all values have that are moved from it.
  Result<const Scale*> ScaleFor(ValueId id) {
    const ValueId root = selection_.Root(id);
    if (const auto known = scales_.find(root); known != scales_.end()) return &known->second;
    const auto range = seen_.ranges.find(root);
    if (range == seen_.ranges.end())
      return Fail(ErrorCode::kInternal,
                  "the range of '" + graph_.value(root).name + "' is missing");
    const ByteScale to = ScaleOf(range->second, options_.signed_activations);
    const std::string name = graph_.value(root).name;
    Scale scale;
    scale.value = to.scale;
    INSITU_ASSIGN(scale.scale, Constant<float>(name + "_scale", {}, {to.scale}));
    if (options_.signed_activations) {
      INSITU_ASSIGN(scale.zero, Constant<int8_t>(name + "_zero_point", {},
                                                 {static_cast<int8_t>(to.zero_point)}));
    } else {
      INSITU_ASSIGN(scale.zero, Constant<uint8_t>(name + "_zero_point", {},
                                                  {static_cast<uint8_t>(to.zero_point)}));
    }
    return &scales_.emplace(root, scale).first->second;
  }

  ValueId AddDequantize(NodeId before, const std::string& name, std::vector<ValueId> inputs,
                        Attributes attributes, std::optional<Shape> shape) {
    return AddNodeBefore(graph_, before, name,
                         {"", "", "DequantizeLinear", std::move(inputs), {}, std::move(attributes)},
                         {DType::kFloat32, std::move(shape)});
  }

  // Chosen readers get what QuantizeLinear leaves of the value; where it is made by a chosen node,
  // all readers.
  Status QuantizeValue(ValueId id, bool is_made) {
    INSITU_ASSIGN(const Scale* scale, ScaleFor(id));
    const std::vector<NodeId> readers = graph_.Consumers(id);
    const std::string name = graph_.value(id).name;
    const std::optional<Shape> shape = graph_.value(id).type.shape;
    const DType codes = options_.signed_activations ? DType::kInt8 : DType::kUint8;
    const ValueId quantized = AddNodeBefore(
        graph_, readers.front(), name + "_quantized",
        {"", "", "QuantizeLinear", {id, scale->scale, scale->zero}, {}, {}}, {codes, shape});
    const ValueId restored = AddDequantize(readers.front(), name + "_dequantized",
                                           {quantized, scale->scale, scale->zero}, {}, shape);
    for (NodeId reader : readers) {
      const std::vector<size_t>* data = DataOf(reader);
      const std::vector<ValueId> inputs = graph_.node(reader).inputs;
      for (size_t i = 0; i < inputs.size(); ++i)
        if (inputs[i] == id && (is_made || (data && std::ranges::find(*data, i) != data->end())))
          graph_.SetInput(reader, i, restored);
    }
    return {};
  }

  const std::vector<size_t>* DataOf(NodeId id) const {
    const auto found = std::ranges::find(selection_.nodes, id, &ChosenNode::id);
    return found == selection_.nodes.end() ? nullptr : &found->data;
  }

  Status EncodeLinear(const ChosenNode& chosen, const Linear& linear) {
    const Tensor weights = *linear.weights;
    const int64_t axis = options_.per_channel ? linear.channel_axis : -1;
    INSITU_ASSIGN(const std::vector<float> least, LeastScales(chosen, linear, axis));
    INSITU_ASSIGN(const WeightCodes codes,
                  EncodeWeights(weights, axis, WeightLimit(options_.reduce_range), least));
    INSITU_ASSIGN(std::vector<double> bias, BiasOf(chosen, linear, codes));
    const std::string name = graph_.value(graph_.node(chosen.id).inputs[1]).name;
    Attributes by_axis;
    if (axis >= 0) by_axis["axis"] = axis;
    const ValueId scales = graph_.AddConstant(name + "_scale", codes.scales);
    INSITU_ASSIGN(const ValueId zeros,
                  Constant<int8_t>(name + "_zero_point", codes.scales.dims(),
                                   std::vector<int8_t>(codes.scales.As<float>().size(), 0)));
    const ValueId restored =
        AddDequantize(chosen.id, name + "_dequantized",
                      {graph_.AddConstant(name + "_quantized", codes.codes), scales, zeros},
                      by_axis, ToShape(weights.dims()));
    graph_.SetInput(chosen.id, 1, restored);
    return bias.empty() ? Status() : EncodeBias(chosen, codes, std::move(bias));
  }

  // How small scales of weights may be for the codes of biases to fit: a channel of tiny weights is
  // little but its bias. What bias correction adds is far less than the other half.
  Result<std::vector<float>> LeastScales(const ChosenNode& chosen, const Linear& linear,
                                         int64_t axis) {
    std::vector<float> least;
    if (!TakesBias(graph_.node(chosen.id))) return least;
    INSITU_ASSIGN(const Scale* input, ScaleFor(graph_.node(chosen.id).inputs[0]));
    constexpr float kMost = kMostBiasCode / 2;
    least.assign(axis < 0 ? 1 : static_cast<size_t>(linear.weights->dims()[axis]),
                 std::numeric_limits<float>::min() / input->value);
    if (!linear.bias) return least;
    const auto bias = linear.bias->As<float>();
    for (size_t i = 0; i < bias.size(); ++i) {
      float& scale = least[least.size() == 1 ? 0 : i];
      scale = std::max(scale, std::abs(bias[i]) / kMost / input->value);
    }
    return least;
  }

  // Empty where there is none and none is needed.
  Result<std::vector<double>> BiasOf(const ChosenNode& chosen, const Linear& linear,
                                     const WeightCodes& codes) const {
    const Node& node = graph_.node(chosen.id);
    std::vector<double> bias;
    if (linear.bias) {
      const auto given = linear.bias->As<float>();
      bias.assign(given.begin(), given.end());
    }
    const auto means = seen_.means.find(node.inputs[0]);
    if (!options_.bias_correction || !TakesBias(node) || means == seen_.means.end()) return bias;
    INSITU_ASSIGN(const std::vector<double> shift, BiasShift(node, linear, codes, means->second));
    bias.resize(shift.size(), 0);
    for (size_t i = 0; i < shift.size(); ++i) bias[i] -= shift[i];
    return bias;
  }

  // With the scale of what is summed up, input times weights.
  Status EncodeBias(const ChosenNode& chosen, const WeightCodes& weights,
                    std::vector<double> bias) {
    INSITU_ASSIGN(const Scale* input, ScaleFor(graph_.node(chosen.id).inputs[0]));
    const auto of_weights = weights.scales.As<float>();
    std::vector<float> scales;
    for (float scale : of_weights) scales.push_back(input->value * scale);
    std::vector<int32_t> codes;
    for (size_t i = 0; i < bias.size(); ++i) {
      const double code = std::nearbyint(bias[i] / scales[scales.size() == 1 ? 0 : i]);
      codes.push_back(
          static_cast<int32_t>(std::clamp<double>(code, -kMostBiasCode, kMostBiasCode)));
    }
    const auto count = static_cast<int64_t>(bias.size());
    const std::string name = graph_.node(chosen.id).name + "_bias";
    INSITU_ASSIGN(const ValueId quantized, Constant<int32_t>(name + "_quantized", {count}, codes));
    INSITU_ASSIGN(const ValueId scale,
                  Constant<float>(name + "_scale", weights.scales.dims(), scales));
    Attributes by_axis;
    if (scales.size() > 1 || !weights.scales.dims().empty()) by_axis["axis"] = int64_t{0};
    const ValueId restored =
        AddDequantize(chosen.id, name + "_dequantized", {quantized, scale}, by_axis, Shape{count});
    graph_.node(chosen.id).attributes.erase("beta");  // of a Gemm that had no bias
    std::vector<ValueId> inputs = graph_.node(chosen.id).inputs;
    inputs.resize(3, kNoValue);
    inputs[2] = restored;
    graph_.Connect(chosen.id, std::move(inputs), graph_.node(chosen.id).outputs);
    return {};
  }

  Graph& graph_;
  const Selection& selection_;
  const Seen& seen_;
  const QuantizeOptions& options_;
  std::map<ValueId, Scale> scales_;  // by root
};

}  // namespace

Status RewriteStatic(Graph& graph, const Selection& selection, const Seen& seen,
                     const QuantizeOptions& options) {
  return Rewriter(graph, selection, seen, options).Run();
}

}  // namespace insitu
