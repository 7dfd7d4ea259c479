// QuantizeDynamic: every kind of layer within half a step of its weights and a step of its data,
// as the chain that the passes make one kernel of; what cannot or must not be quantized stays.
#include "quantize/dynamic.h"

#include "quantized_check.h"

namespace insitu::test {
namespace {

struct Layer {
  const char* text;
  size_t channel_axis;  // of the weights
  const char* chain;
  const char* fused;
};

constexpr Layer kLayers[] = {
    {R"(graph g {
  input x: float32[2,a,5,17]
  const w: float32[17,13] = random(1)
  y = MatMul(x, w) "layer"
  output y
})",
     1, "DynamicQuantizeLinear, MatMulInteger, Mul, Cast, Mul", "DynamicQuantizeMatMul"},
    {R"(graph g {
  input x: float32[n,9]
  const w: float32[7,9] = random(2)
  const bias: float32[1,7] = random(3)
  y = Gemm(x, w, bias) {transB=1} "layer"
  output y
})",
     0, "DynamicQuantizeLinear, MatMulInteger, Mul, Cast, Mul, Add", "DynamicQuantizeMatMul"},
    {R"(graph g {
  input x: float32[n,1]
  const w: float32[1,1] = [0.7]
  const bias: float32[] = [-3.0]
  y = Gemm(x, w, bias) "layer"
  output y
})",
     1, "DynamicQuantizeLinear, MatMulInteger, Mul, Cast, Mul, Add", "DynamicQuantizeMatMul, Add"},
    {R"(graph g {
  input x: float32[2,3,7,5]
  const w: float32[5,3,3,2] = random(4)
  const bias: float32[5] = random(5)
  y = Conv(x, w, bias) {pads=[1,0,2,1], strides=[2,1]} "layer"
  output y
})",
     0, "DynamicQuantizeLinear, ConvInteger, Mul, Cast, Mul, Add",
     "DynamicQuantizeLinear, ConvIntegerToFloat"},
    {R"(graph g {
  input x: float32[1,6,9]
  const w: float32[4,3,3] = random(6)
  y = Conv(x, w) {group=2, auto_pad="SAME_UPPER"} "layer"
  output y
})",
     0, "DynamicQuantizeLinear, ConvInteger, Mul, Cast, Mul",
     "DynamicQuantizeLinear, ConvIntegerToFloat"},
};

// The largest magnitudes of weights, per element that of its channel, or of all.
std::vector<float> Largest(const Tensor& w, size_t axis, bool per_channel) {
  size_t inner = 1;
  for (size_t i = axis + 1; i < w.dims().size(); ++i) inner *= static_cast<size_t>(w.dims()[i]);
  const auto channels = static_cast<size_t>(w.dims()[axis]);
  std::vector<float> of_channel(channels), of_element;
  const auto channel = [&](size_t i) { return per_channel ? i / inner % channels : 0; };
  for (size_t i = 0; i < w.As<float>().size(); ++i)
    of_channel[channel(i)] = std::max(of_channel[channel(i)], std::abs(w.As<float>()[i]));
  for (size_t i = 0; i < w.As<float>().size(); ++i) of_element.push_back(of_channel[channel(i)]);
  return of_element;
}

// The largest magnitude among the codes of the one product.
int LargestCode(const Graph& graph) {
  int largest = 0;
  for (NodeId id : graph.Order()) {
    const Node& node = graph.node(id);
    if (node.op != "MatMulInteger" && node.op != "ConvInteger") continue;
    const Tensor& codes = *graph.Constant(node.inputs[1]);
    const int zero = codes.dtype() == DType::kUint8 ? 128 : 0;
    for (int64_t i = 0; i < codes.elements(); ++i)
      largest = std::max(largest, std::abs(static_cast<int>(LoadInteger(codes.View(), i)) - zero));
  }
  return largest;
}

float StepOfData(const Tensor& x) {
  float low = 0, high = 0;
  for (float v : x.As<float>()) low = std::min(low, v), high = std::max(high, v);
  return (high - low) / 255;
}

TEST_CASE("layers are as near to float as their steps say, and one kernel each") {
  for (const Layer& layer : kLayers)
    for (const auto& [per_channel, reduce] :
         {std::pair(true, false), std::pair(false, false), std::pair(true, true)}) {
      INFO(layer.text << per_channel << reduce);
      const Graph before = Read(layer.text);
      QuantizeOptions options;
      options.per_channel = per_channel;
      options.reduce_range = reduce;
      const Graph after = Quantized(before, QuantizeDynamic, options, 1);
      CHECK(Ops(after) == layer.chain);
      CHECK(OpsAfterPasses(after) == layer.fused);
      const auto largest =
          Largest(*before.Constant(Named(before, "w")), layer.channel_axis, per_channel);
      const float limit = reduce ? 63 : 127;
      CHECK(LargestCode(after) == (reduce ? 63 : 127));
      for (uint32_t seed = 1; seed < 4; ++seed) {
        const Feeds feeds = RandomFeeds(before, seed);
        const Tensor want = Value(Evaluate(before, feeds))[0];
        const Tensor bound = LinearBound(before, feeds, StepOfData(feeds.at("x")),
                                         [&](size_t i) { return largest[i] / limit / 2; });
        CheckWithin(Value(Evaluate(after, feeds))[0], want, bound);
        std::vector<ExplainRow> rows;
        CheckWithin(OnEngine(after, feeds, &rows), want, bound);
        for (const ExplainRow& row : rows) {
          if (row.node == "layer") CHECK(row.on != "reference");
        }
      }
    }
}

constexpr const char* kTwo = R"(graph g {
  input x: float32[3,8]
  const w: float32[8,8] = random(1)
  const v: float32[8,4] = random(2)
  a = MatMul(x, w) "first"
  b = MatMul(x, w) "second"
  c = Add(a, b) "sum"
  d = Gemm(x, v) "third"
  output c
  output d
})";

int64_t Count(const Graph& graph, const std::string& op) {
  int64_t count = 0;
  for (NodeId id : graph.Order()) count += graph.node(id).op == op;
  return count;
}

TEST_CASE("a value is quantized once, and weights are stored once, for all readers") {
  const Graph after = Quantized(Read(kTwo), QuantizeDynamic, {}, 3);
  CHECK(Count(after, "DynamicQuantizeLinear") == 1);
  std::set<ValueId> weights;
  for (NodeId id : after.Order())
    if (after.node(id).op == "MatMulInteger") weights.insert(after.node(id).inputs[1]);
  CHECK(weights.size() == 2);
  CHECK(OpsAfterPasses(after) ==
        "DynamicQuantizeMatMul, DynamicQuantizeMatMul, Add, DynamicQuantizeMatMul");
}

TEST_CASE("nodes and operators that are excluded stay") {
  QuantizeOptions options;
  options.exclude_nodes = {"second"};
  const Graph one = Quantized(Read(kTwo), QuantizeDynamic, options, 2);
  CHECK(Count(one, "MatMul") == 1);
  options.exclude_ops = {"MatMul"};
  CHECK(Count(Quantized(Read(kTwo), QuantizeDynamic, options, 1), "MatMul") == 2);
  options.exclude_ops = {"MatMul", "Gemm"};
  CHECK(Ops(Quantized(Read(kTwo), QuantizeDynamic, options, 0)) == Ops(Read(kTwo)));
}

TEST_CASE("the product keeps the name of the layer") {
  const Graph after = Quantized(Read(kTwo), QuantizeDynamic, {}, 3);
  std::set<std::string> products, names;
  for (NodeId id : after.Order()) {
    CHECK(names.insert(after.node(id).name).second);
    if (after.node(id).op == "MatMulInteger") products.insert(after.node(id).name);
  }
  CHECK(products == std::set<std::string>{"first", "second", "third"});
}

TEST_CASE("what is no product of data with weights stays in float") {
  for (const char* line :
       {"y = Gemm(x, w) {alpha=0.5}", "y = Gemm(x, w) {transA=1}", "y = Gemm(x, w, c) {beta=2.0}",
        "y = MatMul(w, x)", "y = MatMul(x, x)", "y = MatMul(r, w)", "y = MatMul(x, broken)",
        "y = MatMul(w, w)", "y = MatMul(x, stack)", "y = Conv(image, depthwise) {group=8}",
        "y = Conv(image, filters, r)"}) {
    INFO(line);
    Graph graph = Read(std::string(R"(graph g {
  input x: float32[8,8]
  input r: float32[8]
  input image: float32[1,8,8]
  const depthwise: float32[8,1,3] = random(4)
  const filters: float32[8,8,1] = random(5)
  const w: float32[8,8] = random(1)
  const c: float32[8] = random(2)
  const broken: float32[8,1] = [1,2,3,nan,5,6,7,8]
  const stack: float32[2,8,8] = random(3)
  )") + line + "\n output y\n}");
    CHECK(Value(QuantizeDynamic(graph, {})) == 0);
  }
}

TEST_CASE("a layer whose sums may not fit 32 bits stays in float") {
  const auto quantized = [](int64_t depth) {
    Graph graph =
        Read("graph g {\n input x: float32[1," + std::to_string(depth) + "]\n const w: float32[" +
             std::to_string(depth) + ",1] = splat(1)\n y = MatMul(x, w)\n output y\n}");
    return Value(QuantizeDynamic(graph, {}));
  };
  constexpr int64_t kMost = ((int64_t{1} << 31) - 1) / (255 * 127);
  CHECK(quantized(kMost) == 1);
  CHECK(quantized(kMost + 1) == 0);
}

}  // namespace
}  // namespace insitu::test
