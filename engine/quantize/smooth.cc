// Finding the normalisations, and moving the factors.
#include "quantize/smooth.h"

#include <algorithm>
#include <cmath>

#include "quantize/float_graph.h"

namespace insitu {
namespace {

bool IsVector(const Graph& graph, ValueId id, int64_t elements) {
  const Tensor* tensor = graph.Constant(id);
  return tensor && tensor->dtype() == DType::kFloat32 && tensor->dims() == Dims{elements};
}

bool IsSmoothable(const Graph& graph, const Node& norm) {
  if (!norm.Is("LayerNormalization") || norm.outputs.size() != 1 || norm.inputs.size() < 2)
    return false;
  const bool has_bias = norm.inputs.size() > 2 && norm.inputs[2] != kNoValue;
  if (graph.IsOutput(norm.outputs[0])) return false;
  const std::vector<NodeId> readers = graph.Consumers(norm.outputs[0]);
  return !readers.empty() && std::ranges::all_of(readers, [&](NodeId id) {
    const Node& reader = graph.node(id);
    const auto linear = LinearOf(graph, reader);
    if (!linear || reader.Is("Conv") || linear->weights->dims().size() != 2 ||
        reader.inputs[0] != norm.outputs[0])
      return false;
    const int64_t channels = linear->weights->dims()[static_cast<size_t>(linear->input_axis)];
    return IsVector(graph, norm.inputs[1], channels) &&
           (!has_bias || IsVector(graph, norm.inputs[2], channels));
  });
}

// Multiplies what lies at channel c along `axis` by factors[c], in a constant of the node's own.
Status Scale(Graph& graph, NodeId id, size_t input, int64_t axis,
             const std::vector<double>& factors) {
  const ValueId old = graph.node(id).inputs[input];
  INSITU_ASSIGN(Tensor scaled, graph.Constant(old)->Copy());
  size_t inner = 1;
  for (size_t i = static_cast<size_t>(axis) + 1; i < scaled.dims().size(); ++i)
    inner *= static_cast<size_t>(scaled.dims()[i]);
  const auto values = scaled.As<float>();
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(values[i] * factors[i / inner % factors.size()]);
  const std::string name = graph.value(old).name;
  graph.SetInput(id, input, graph.AddConstant(name, std::move(scaled)));
  return {};
}

std::vector<double> LargestWeights(const Graph& graph, ValueId value, size_t channels) {
  std::vector<double> largest(channels, 0);
  for (NodeId id : graph.Consumers(value)) {
    const Linear linear = *LinearOf(graph, graph.node(id));
    const auto values = linear.weights->As<float>();
    const size_t inner =
        linear.input_axis == 0 ? static_cast<size_t>(linear.weights->dims()[1]) : size_t{1};
    for (size_t i = 0; i < values.size(); ++i) {
      double& most = largest[i / inner % channels];
      most = std::max<double>(most, std::abs(values[i]));
    }
  }
  return largest;
}

std::vector<double> Factors(const std::vector<Range>& seen, const std::vector<double>& weights,
                            double strength) {
  std::vector<double> factors(seen.size(), 1);
  for (size_t c = 0; c < seen.size(); ++c) {
    const double x = std::max(std::abs(seen[c].low), std::abs(seen[c].high));
    if (x == 0 || weights[c] == 0) continue;
    const double factor = std::pow(x, strength) / std::pow(weights[c], 1 - strength);
    if (std::isfinite(factor) && factor > 1e-5) factors[c] = factor;
  }
  return factors;
}

}  // namespace

std::vector<ValueId> Smoothable(const Graph& graph) {
  std::vector<ValueId> found;
  for (NodeId id : graph.Order())
    if (IsSmoothable(graph, graph.node(id))) found.push_back(graph.node(id).outputs[0]);
  return found;
}

Result<std::map<ValueId, std::vector<double>>> Smooth(Graph& graph, const ChannelRanges& seen,
                                                      double strength) {
  std::map<ValueId, std::vector<double>> factors;
  for (const auto& [value, ranges] : seen) {
    const std::vector<double> weights = LargestWeights(graph, value, ranges.size());
    const std::vector<double> by = Factors(ranges, weights, strength);
    std::vector<double> inverse;
    for (double factor : by) inverse.push_back(1 / factor);
    const NodeId norm = graph.Producer(value);
    INSITU_TRY(Scale(graph, norm, 1, 0, inverse));
    if (graph.node(norm).inputs.size() > 2 && graph.node(norm).inputs[2] != kNoValue)
      INSITU_TRY(Scale(graph, norm, 2, 0, inverse));
    for (NodeId reader : graph.Consumers(value))
      INSITU_TRY(Scale(graph, reader, 1, LinearOf(graph, graph.node(reader))->input_axis, by));
    factors.emplace(value, by);
  }
  return factors;
}

}  // namespace insitu
