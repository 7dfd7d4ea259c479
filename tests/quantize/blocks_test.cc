// QuantizeBlocks: MatMulNBits whose weights are as near as the steps of their blocks say, written
// as onnxruntime reads them; what it does not make smaller stays.
#include "quantize/blocks.h"

#include "quantized_check.h"

namespace insitu::test {
namespace {

struct Layer {
  const char* text;
  const char* ops;
};

constexpr Layer kLayers[] = {
    {R"(graph g {
  input x: float32[2,a,3,37]
  const w: float32[37,5] = random(1)
  y = MatMul(x, w) "layer"
  output y
})",
     "MatMulNBits"},
    {R"(graph g {
  input x: float32[n,64]
  const w: float32[9,64] = random(2)
  const bias: float32[1,9] = random(3)
  y = Gemm(x, w, bias) {transB=1} "layer"
  output y
})",
     "MatMulNBits"},
    {R"(graph g {
  input x: float32[3,129]
  const w: float32[129,2] = random(4)
  const bias: float32[3,1] = random(5)
  y = Gemm(x, w, bias) "layer"
  output y
})",
     "MatMulNBits, Add"},
};

// What a step of its block is for each weight, by the range of the block with 0 in it.
std::vector<float> Steps(const Tensor& w, bool transposed, int bits, int64_t block) {
  const int64_t row = w.dims()[1];
  std::map<std::pair<int64_t, int64_t>, std::pair<float, float>> ranges;
  const auto key = [&](size_t i) {
    const int64_t k = static_cast<int64_t>(i) / row, n = static_cast<int64_t>(i) % row;
    return transposed ? std::pair(k, n / block) : std::pair(n, k / block);
  };
  const auto values = w.As<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    auto& [low, high] = ranges[key(i)];
    low = std::min(low, values[i]), high = std::max(high, values[i]);
  }
  std::vector<float> steps;
  for (size_t i = 0; i < values.size(); ++i)
    steps.push_back((ranges[key(i)].second - ranges[key(i)].first) /
                    static_cast<float>((1 << bits) - 1));
  return steps;
}

TEST_CASE("layers are as near to float as the steps of their blocks say") {
  for (const Layer& layer : kLayers)
    for (const int bits : {4, 8})
      for (const int64_t block : {16, 32}) {
        INFO(layer.text << bits << " " << block);
        const Graph before = Read(layer.text);
        QuantizeOptions options;
        options.bits = bits;
        options.block_size = block;
        const Graph after = Quantized(before, QuantizeBlocks, options, 1);
        CHECK(Ops(after) == layer.ops);
        CHECK(OpsAfterPasses(after) == layer.ops);
        CHECK(AsFile(after).bytes.size() < AsFile(before).bytes.size());
        // A block's error is at most that of rounding to nearest, where no weight is off by more
        // than a step; by Cauchy and Schwarz that of a sum is at most the root of the block's size
        // times what it would be with each weight off by a step.
        const auto steps =
            Steps(*before.Constant(Named(before, "w")),
                  before.node(before.Order()[0]).Attr<int64_t>("transB", 0) != 0, bits, block);
        const Feeds feeds = RandomFeeds(before, 5);
        const Tensor want = Value(Evaluate(before, feeds))[0];
        const Tensor bound = LinearBound(before, feeds, 0, [&](size_t i) {
          return steps[i] * std::sqrt(static_cast<float>(block));
        });
        CheckWithin(Value(Evaluate(after, feeds))[0], want, bound);
        std::vector<ExplainRow> rows;
        CheckClose(OnEngine(after, feeds, &rows), Value(Evaluate(after, feeds))[0], 1e-4);
        for (const ExplainRow& row : rows) {
          if (row.op == "MatMulNBits") CHECK(row.node == "layer");
          if (row.op == "MatMulNBits") CHECK(row.on == "kernel");
        }
      }
}

TEST_CASE("inputs and attributes are those of the operator") {
  const Graph after = Quantized(Read(kLayers[1].text), QuantizeBlocks, {}, 1);
  const Node& node = after.node(after.Order()[0]);
  CHECK(node.domain == "com.microsoft");
  CHECK(node.Attr<int64_t>("K", 0) == 64);
  CHECK(node.Attr<int64_t>("N", 0) == 9);
  CHECK(node.Attr<int64_t>("bits", 0) == 4);
  CHECK(node.Attr<int64_t>("block_size", 0) == 32);
  REQUIRE(node.inputs.size() == 6);
  CHECK(after.Constant(node.inputs[1])->dims() == Dims{9, 2, 16});
  CHECK(after.Constant(node.inputs[2])->dims() == Dims{9, 2});
  CHECK(after.Constant(node.inputs[3])->dims() == Dims{9, 1});
  CHECK(node.inputs[4] == kNoValue);
  CHECK(after.Constant(node.inputs[5])->dims() == Dims{9});
}

constexpr const char* kTwo = R"(graph g {
  input x: float32[3,32]
  const w: float32[32,32] = random(1)
  const v: float32[31,8] = random(2)
  const u: float32[32,1] = random(3)
  a = MatMul(x, w) "first"
  b = MatMul(a, w) "second"
  y = Gemm(b, u) "third"
  output y
})";

TEST_CASE("weights with two readers are stored once; what is excluded stays") {
  const Graph both = Quantized(Read(kTwo), QuantizeBlocks, {}, 3);
  CHECK(both.node(both.Order()[0]).inputs[1] == both.node(both.Order()[1]).inputs[1]);
  QuantizeOptions options;
  options.exclude_nodes = {"first"};
  CHECK(Ops(Quantized(Read(kTwo), QuantizeBlocks, options, 2)) ==
        "MatMul, MatMulNBits, MatMulNBits");
  options.exclude_ops = {"Gemm"};
  CHECK(Ops(Quantized(Read(kTwo), QuantizeBlocks, options, 1)) == "MatMul, MatMulNBits, Gemm");
}

TEST_CASE("weights of less than a block stay in float") {
  QuantizeOptions options;
  options.block_size = 64;
  CHECK(Ops(Quantized(Read(kTwo), QuantizeBlocks, options, 0)) == Ops(Read(kTwo)));
}

}  // namespace
}  // namespace insitu::test
