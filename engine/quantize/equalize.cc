// Pairs of convolutions, and the factor of each channel between them: sqrt(first * second) / second
// of the largest magnitudes, where no bias grows beyond the largest of its layer. A channel of tiny
// weights with a bias is that bias: dividing both would widen the range of all channels.
#include "quantize/equalize.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "quantize/float_graph.h"

namespace insitu {
namespace {

constexpr int kTurns = 20;         // each pair depends on its neighbours
constexpr double kSettled = 1e-3;  // the largest change of a factor that goes on

struct Pair {
  NodeId first, second;
};

bool OneGroupOrDepthwise(const Graph& graph, const Node& conv) {
  const auto linear = LinearOf(graph, conv);
  const int64_t groups = conv.Attr<int64_t>("group", 1);
  return linear &&
         (groups == 1 || (linear->weights->dims()[1] == 1 && linear->weights->dims()[0] == groups));
}

std::vector<Pair> FindPairs(const Graph& graph) {
  std::vector<Pair> pairs;
  for (NodeId id : graph.Order()) {
    const Node& first = graph.node(id);
    if (!first.Is("Conv") || !LinearOf(graph, first)) continue;
    ValueId between = first.outputs[0];
    NodeId reader = graph.OnlyConsumer(between);
    if (reader != kNoNode && graph.node(reader).Is("Relu") && !graph.IsOutput(between)) {
      between = graph.node(reader).outputs[0];
      reader = graph.OnlyConsumer(between);
    }
    if (reader == kNoNode || graph.IsOutput(between)) continue;
    const Node& second = graph.node(reader);
    if (second.Is("Conv") && second.inputs[0] == between && OneGroupOrDepthwise(graph, second))
      pairs.push_back({id, reader});
  }
  return pairs;
}

// Calls `visit` with every weight that has `c` for its output channel, or else its input channel.
template <class Visit>
void ForEachWeight(const Tensor& weights, bool by_output, size_t c, Visit visit) {
  const Dims& dims = weights.dims();
  const auto outputs = static_cast<size_t>(dims[0]), inputs = static_cast<size_t>(dims[1]);
  const size_t taps = static_cast<size_t>(weights.elements()) / outputs / inputs;
  for (size_t o = by_output ? c : 0; o < (by_output ? c + 1 : outputs); ++o)
    for (size_t i = by_output ? 0 : c; i < (by_output ? inputs : c + 1); ++i)
      for (size_t t = 0; t < taps; ++t) visit((o * inputs + i) * taps + t);
}

float Largest(const Tensor& weights, bool by_output, size_t c) {
  const auto values = weights.As<float>();
  float largest = 0;
  ForEachWeight(weights, by_output, c,
                [&](size_t at) { largest = std::max(largest, std::abs(values[at])); });
  return largest;
}

float LargestOf(std::span<const float> values) {
  float largest = 0;
  for (float value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

// Constants may be shared and borrow from the file: a node gets copies of its own before.
Status OwnConstants(Graph& graph, NodeId id) {
  const std::vector<ValueId> inputs = graph.node(id).inputs;
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (!graph.IsConstant(inputs[i])) continue;
    INSITU_ASSIGN(Tensor copy, graph.Constant(inputs[i])->Copy());
    const std::string name = graph.value(inputs[i]).name;
    graph.SetInput(id, i, graph.AddConstant(name, std::move(copy)));
  }
  return {};
}

// How far the furthest factor is from 1.
double EqualizePair(Graph& graph, const Pair& pair) {
  const Node &first = graph.node(pair.first), &second = graph.node(pair.second);
  Tensor& written = *graph.value(first.inputs[1]).constant;
  Tensor& read = *graph.value(second.inputs[1]).constant;
  const bool has_bias = first.inputs.size() > 2 && first.inputs[2] != kNoValue;
  const std::span<float> bias =
      has_bias ? graph.value(first.inputs[2]).constant->As<float>() : std::span<float>();
  const float most_bias = LargestOf(bias);
  const bool depthwise = second.Attr<int64_t>("group", 1) > 1;
  double furthest = 0;
  for (size_t c = 0; c < static_cast<size_t>(written.dims()[0]); ++c) {
    const double from = Largest(written, true, c), to = Largest(read, depthwise, c);
    if (from == 0 || to == 0) continue;
    double factor = std::sqrt(from * to) / to;  // the first is divided by it
    if (most_bias > 0) factor = std::max<double>(factor, std::abs(bias[c]) / most_bias);
    if (!std::isfinite(factor) || factor == 0) continue;
    furthest = std::max(furthest, std::abs(factor - 1));
    const auto scale = [&](Tensor& weights, bool by_output, double by) {
      ForEachWeight(weights, by_output, c, [&](size_t at) {
        weights.As<float>()[at] = static_cast<float>(weights.As<float>()[at] * by);
      });
    };
    scale(written, true, 1 / factor);
    scale(read, depthwise, factor);
    if (has_bias) bias[c] = static_cast<float>(bias[c] / factor);
  }
  return furthest;
}

}  // namespace

Status Equalize(Graph& graph) {
  const std::vector<Pair> pairs = FindPairs(graph);
  for (const auto& [first, second] : pairs) {
    INSITU_TRY(OwnConstants(graph, first));
    INSITU_TRY(OwnConstants(graph, second));
  }
  for (int turn = 0; turn < kTurns; ++turn) {
    double furthest = 0;
    for (const Pair& pair : pairs) furthest = std::max(furthest, EqualizePair(graph, pair));
    if (furthest < kSettled) break;
  }
  return {};
}

}  // namespace insitu
