// ExpandConvTranspose: a transposed convolution with stride s in both axes becomes a convolution
// with s * s times the filters, DepthToSpace and a Slice. Why: backends are asked for
// convolutions already, of floats and of integers; the rest only moves elements.
// How: output pixel q * s + r takes the input pixels q - t with the taps r + t * s, t < T. So each
// of the s * s remainders r is a convolution of its own, with T taps an axis and T - 1 of padding
// around; DepthToSpace interleaves them, and the Slice cuts off what the pads do. Taps that a
// kernel does not have are 0 (of quantized weights: the zero point).
#include <algorithm>
#include <cstring>

#include "ops/spatial.h"
#include "passes/fold_util.h"
#include "passes/qdq.h"

namespace insitu {
namespace {

struct Geometry {
  int64_t groups = 1, stride = 1, taps[2] = {1, 1};                  // taps of a remainder
  int64_t kernel[2] = {1, 1}, crop[2] = {0, 0}, extent[2] = {0, 0};  // extents of the output
};

// nullopt for what is not expanded.
std::optional<Geometry> ReadGeometry(const Graph& graph, const Node& node, const Dims& weights) {
  const auto& x = graph.value(node.inputs[0]).type.shape;
  const auto& y = graph.value(node.outputs[0]).type.shape;
  if (!x || !y || x->size() != 4 || weights.size() != 4 || node.Has("channels_last"))
    return std::nullopt;
  const auto window = ReadWindow(node, 2, std::span(weights).subspan(2));
  if (!window || window->auto_pad != AutoPad::kNotSet || node.Has("output_shape"))
    return std::nullopt;
  const auto more = node.Attr("output_padding", std::vector<int64_t>{0, 0});
  Geometry g;
  g.groups = node.Attr<int64_t>("group", 1);
  g.stride = window->stride[1];
  if (window->stride[2] != g.stride || g.stride > 8 || more.size() != 2) return std::nullopt;
  for (size_t i = 0; i < 2; ++i) {
    const Dim &in = (*x)[2 + i], &out = (*y)[2 + i];
    if (window->dilation[1 + i] != 1 || !in.IsKnown() || !out.IsKnown()) return std::nullopt;
    g.kernel[i] = window->kernel[1 + i];
    g.crop[i] = window->pad_begin[1 + i];
    g.extent[i] = out.value();
    // As many taps as the kernel has, and as reach to the last output pixel.
    const int64_t needed = std::max(g.kernel[i], g.kernel[i] - window->pad_end[1 + i] + more[i]);
    g.taps[i] = (needed + g.stride - 1) / g.stride;
    const int64_t whole = (in.value() + g.taps[i] - 1) * g.stride;
    if (g.extent[i] < 1 || g.crop[i] + g.extent[i] > whole) return std::nullopt;
  }
  return g;
}

// [C, M/g, kh, kw] -> [M * s * s, C/g, Th, Tw]; `zero_of(m)` gives the byte that stands for 0.
template <class ZeroOf>
Result<Tensor> Rearranged(const Tensor& w, const Geometry& g, ZeroOf zero_of) {
  const int64_t depth = w.dims()[0] / g.groups, filters = w.dims()[1], s = g.stride;
  INSITU_ASSIGN(Tensor to, Tensor::Allocate(w.dtype(), {filters * g.groups * s * s, depth,
                                                        g.taps[0], g.taps[1]}));
  const size_t size = ByteSize(w.dtype(), 1);
  std::byte* out = to.data();
  for (int64_t m = 0; m < filters * g.groups; ++m)
    for (int64_t r = 0; r < s * s; ++r)
      for (int64_t c = 0; c < depth; ++c)
        for (int64_t jy = 0; jy < g.taps[0]; ++jy)
          for (int64_t jx = 0; jx < g.taps[1]; ++jx, out += size) {
            const int64_t ky = r / s + (g.taps[0] - 1 - jy) * s;
            const int64_t kx = r % s + (g.taps[1] - 1 - jx) * s;
            if (ky >= g.kernel[0] || kx >= g.kernel[1]) {
              std::memset(out, zero_of(m), size);
              continue;
            }
            const int64_t channel = m / filters * depth + c;
            const int64_t at =
                ((channel * filters + m % filters) * g.kernel[0] + ky) * g.kernel[1] + kx;
            std::memcpy(out, w.data() + static_cast<size_t>(at) * size, size);
          }
  return to;
}

// Every element `times` times in a row.
Result<Tensor> Repeated(const Tensor& vector, int64_t times) {
  const int64_t count = vector.elements();
  INSITU_ASSIGN(Tensor to, Tensor::Allocate(vector.dtype(), {count * times}));
  const size_t size = ByteSize(vector.dtype(), 1);
  for (int64_t i = 0; i < count * times; ++i)
    std::memcpy(to.data() + static_cast<size_t>(i) * size,
                vector.data() + static_cast<size_t>(i / times) * size, size);
  return to;
}

// What a DequantizeLinear in front of a constant reads, with `rearrange` applied to the integers
// and its parameters repeated; or the constant itself, rearranged. kNoValue where it is neither.
template <class Rearrange>
Result<ValueId> Rebuilt(Graph& graph, NodeId before, ValueId value, int64_t channel_axis,
                        int64_t times, Rearrange rearrange) {
  if (const Tensor* constant = graph.Constant(value)) {
    INSITU_ASSIGN(Tensor moved, rearrange(*constant, nullptr));
    return graph.AddConstant(graph.value(value).name + "_expanded", std::move(moved));
  }
  const auto quantized = DequantizedFrom(graph, value);
  const Tensor* stored = quantized ? graph.Constant(quantized->value) : nullptr;
  if (!stored || !(IsByte(stored->dtype()) || stored->dtype() == DType::kInt32)) return kNoValue;
  const auto rank = static_cast<int64_t>(stored->dims().size());
  const int64_t axis = quantized->axis < 0 ? quantized->axis + rank : quantized->axis;
  if (!quantized->PerTensor() && axis != channel_axis) return kNoValue;
  INSITU_ASSIGN(Tensor moved, rearrange(*stored, &*quantized));
  Node node = graph.node(graph.Producer(value));
  node.name = graph.FreshName(node.name + "_expanded");
  node.inputs[0] = graph.AddConstant(graph.value(value).name + "_expanded", moved);
  node.attributes["axis"] = int64_t{0};
  for (size_t i = 1; i < node.inputs.size() && !quantized->PerTensor(); ++i) {
    if (node.inputs[i] == kNoValue) continue;
    INSITU_ASSIGN(Tensor repeated, Repeated(*graph.Constant(node.inputs[i]), times));
    node.inputs[i] = graph.AddConstant("quantization", std::move(repeated));
  }
  const ValueId reals = graph.AddValue(
      {node.name, {DType::kFloat32, ToShape(moved.dims())}, std::nullopt, std::nullopt});
  node.outputs = {reals};
  graph.AddNode(std::move(node), before);
  return reals;
}

// Weights and bias of the convolution; nullopt when they are not constant.
Result<std::optional<std::vector<ValueId>>> Parameters(Graph& graph, NodeId id, const Geometry& g) {
  const Node node = graph.node(id);
  const int64_t times = g.stride * g.stride;
  INSITU_ASSIGN(
      const ValueId weights,
      Rebuilt(graph, id, node.inputs[1], 1, times, [&](const Tensor& w, const QuantizedValue* q) {
        return Rearranged(w, g, [&](int64_t m) {
          return q ? q->numbers.ZeroPointAt(q->PerTensor() ? 0 : m) : 0;
        });
      }));
  if (weights == kNoValue) return std::nullopt;
  std::vector<ValueId> inputs = {node.inputs[0], weights};
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
    INSITU_ASSIGN(const ValueId bias, Rebuilt(graph, id, node.inputs[2], 0, times,
                                              [&](const Tensor& b, const QuantizedValue*) {
                                                return Repeated(b, times);
                                              }));
    if (bias == kNoValue) return std::nullopt;
    inputs.push_back(bias);
  }
  return inputs;
}

ValueId Between(Graph& graph, const Node& node, std::string_view what) {
  return graph.AddValue({graph.FreshName(node.name + "_" + std::string(what)),
                         {graph.value(node.outputs[0]).type.dtype, std::nullopt},
                         std::nullopt,
                         std::nullopt});
}

Result<ValueId> Integers(Graph& graph, std::string_view hint, std::initializer_list<int64_t> list) {
  INSITU_ASSIGN(Tensor tensor,
                Tensor::From<int64_t>({static_cast<int64_t>(list.size())},
                                      std::span<const int64_t>(list.begin(), list.size())));
  return graph.AddConstant(hint, std::move(tensor));
}

Result<bool> Expand(Graph& graph, NodeId id) {
  const Node node = graph.node(id);
  if (!node.Is("ConvTranspose")) return false;
  const auto quantized = DequantizedFrom(graph, node.inputs[1]);
  const Tensor* weights = graph.Constant(quantized ? quantized->value : node.inputs[1]);
  if (!weights) return false;
  const auto g = ReadGeometry(graph, node, weights->dims());
  if (!g) return false;
  // Scales per channel of several groups are those of one group: which group's is not said.
  if (quantized && !quantized->PerTensor() && g->groups > 1) return false;
  INSITU_ASSIGN(auto inputs, Parameters(graph, id, *g));
  if (!inputs) return false;
  const ValueId wide = Between(graph, node, "remainders"), whole = Between(graph, node, "whole");
  Attributes attributes;
  for (std::string_view key : {"activation_min", "activation_max"})
    if (node.Has(key)) attributes[std::string(key)] = node.attributes.find(key)->second;
  attributes["group"] = g->groups;
  const int64_t py = g->taps[0] - 1, px = g->taps[1] - 1;
  attributes["pads"] = std::vector<int64_t>{py, px, py, px};
  graph.AddNode({node.name, "", "Conv", *std::move(inputs), {wide}, std::move(attributes), false},
                id);
  graph.AddNode({node.name + "_interleave",
                 "",
                 "DepthToSpace",
                 {wide},
                 {whole},
                 {{"blocksize", g->stride}, {"mode", std::string("CRD")}},
                 false},
                id);
  INSITU_ASSIGN(const ValueId starts, Integers(graph, "starts", {g->crop[0], g->crop[1]}));
  INSITU_ASSIGN(const ValueId ends,
                Integers(graph, "ends", {g->crop[0] + g->extent[0], g->crop[1] + g->extent[1]}));
  INSITU_ASSIGN(const ValueId axes, Integers(graph, "axes", {2, 3}));
  Node& crop = graph.node(id);
  crop.name = node.name + "_crop";
  crop.op = "Slice";
  crop.attributes.clear();
  graph.Connect(id, {whole, starts, ends, axes}, std::vector<ValueId>(node.outputs));
  return true;
}

}  // namespace

Result<bool> ExpandConvTranspose(Graph& graph, PassContext&) {
  bool changed = false;
  for (NodeId id : graph.Order()) {
    INSITU_ASSIGN(const bool expanded, Expand(graph, id));
    changed |= expanded;
  }
  return changed;
}

}  // namespace insitu
