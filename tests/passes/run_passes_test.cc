// RunPasses as a whole: a small classifier as exporters write it becomes what kernels want.
#include "passes/pass_check.h"

namespace insitu::test {
namespace {

constexpr const char* kClassifier = R"(graph g {
  input x: float32[n,1,8,8]
  const w: float32[4,1,3,3] = random(1)
  const scale: float32[4] = [1,2,0.5,1]
  const shift: float32[4] = [0,1,-1,3]
  const mean: float32[4] = [0.5,-0.5,1,0]
  const variance: float32[4] = [1,4,0.25,2]
  const fc: float32[36,3] = random(2)
  const bias: float32[3] = [1,2,3]
  const zero: int64[] = [0]
  const axes: int64[1] = [0]
  const rest: int64[1] = [-1]
  c = Conv(x, w)
  b = BatchNormalization(c, scale, shift, mean, variance)
  r = Relu(b)
  p = MaxPool(r) {kernel_shape=[2,2], strides=[2,2]}
  i = Identity(p)
  s = Shape(i)
  g0 = Gather(s, zero)
  g1 = Unsqueeze(g0, axes)
  t = Concat(g1, rest) {axis=0}
  f = Reshape(i, t)
  m = MatMul(f, fc)
  a = Add(m, bias)
  y = Softmax(a) {axis=1}
  output y
})";

}  // namespace

TEST_CASE("a classifier ends in its kernels", "[passes]") {
  PassContext context;
  std::map<std::string, std::string> absorbed;
  context.absorbed = &absorbed;
  context.wants_channels_last = [](const Graph&, const Node& node) {
    return node.op == "Conv" || node.op == "MaxPool";
  };
  Graph before = Value(Parse(kClassifier));
  Check(InferShapes(before));
  Graph after = before;
  Check(RunPasses(after, context));
  Check(Verify(after));
  const std::string ops = Ops(after);
  INFO(Print(after));
  CHECK(ops.find("BatchNormalization") == std::string::npos);
  CHECK(ops.find("Relu") == std::string::npos);
  CHECK(ops.find("Add") == std::string::npos);
  CHECK(ops.find("Identity") == std::string::npos);
  CHECK(ops.find("Conv, MaxPool, Transpose") != std::string::npos);
  CHECK(ops.find("Gemm, Softmax") != std::string::npos);
  CHECK(!absorbed.empty());
  for (uint32_t seed = 1; seed < 4; ++seed) {
    const Feeds feeds = RandomFeeds(before, seed);
    CheckClose(Value(Evaluate(after, feeds))[0], Value(Evaluate(before, feeds))[0]);
  }
}

TEST_CASE("running the passes again changes nothing", "[passes]") {
  PassContext context;
  Graph graph = Value(Parse(kClassifier));
  Check(RunPasses(graph, context));
  const std::string once = Print(graph);
  Check(RunPasses(graph, context));
  CHECK(Print(graph) == once);
}

}  // namespace insitu::test
