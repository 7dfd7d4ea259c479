// ChooseLayout: where Transposes end up, and that results do not change.
#include "passes/min_cut.h"
#include "passes/pass_check.h"

namespace insitu::test {
namespace {

// Convolutions and MaxPool want channels-last.
PassContext Wanting() {
  PassContext context;
  context.wants_channels_last = [](const Graph&, const Node& node) {
    return node.op == "Conv" || node.op == "MaxPool";
  };
  return context;
}

std::string LaidOut(const std::string& body) {
  Graph graph = ApplyPass(ChooseLayout, "graph g {\n" + body + "}", Wanting());
  PassContext context;
  Value(RemoveIdentities(graph, context));
  Value(RemoveDeadCode(graph, context));
  Check(Verify(graph));
  return Ops(graph);
}

const std::string kWeights = R"(
    input x: float32[1,2,6,6]
    const w: float32[2,2,3,3] = random(3)
    const p: float32[2,2,1,1] = random(4)
)";

}  // namespace

TEST_CASE("a chain keeps one Transpose at each end", "[passes]") {
  CHECK(LaidOut(kWeights + R"(
    a = Conv(x, w) {pads=[1,1,1,1]}
    b = Relu(a)
    c = MaxPool(b) {kernel_shape=[2,2]}
    y = Conv(c, w)
    output y
  )") == "Transpose, Conv, Relu, MaxPool, Conv, Transpose");
}

TEST_CASE("branches that meet again need no Transpose between", "[passes]") {
  CHECK(LaidOut(kWeights + R"(
    const k: float32[2,1,1] = [1,2]
    a = Conv(x, w) {pads=[1,1,1,1]}
    s = Sigmoid(a)
    m = Mul(a, s)
    b = Conv(m, p)
    c = Add(b, m)
    d = Mul(c, k)
    e = Concat(d, a) {axis=1}
    f = Softmax(e) {axis=1}
    y = MaxPool(f) {kernel_shape=[2,2]}
    output y
  )") == "Transpose, Conv, Sigmoid, Mul, Conv, Add, Mul, Concat, Softmax, MaxPool, Transpose");
}

TEST_CASE("a Transpose of the model to channels-last vanishes", "[passes]") {
  CHECK(LaidOut(kWeights + R"(
    const shape: int64[3] = [1,-1,2]
    a = Conv(x, w)
    t = Transpose(a) {perm=[0,2,3,1]}
    y = Reshape(t, shape)
    output y
  )") == "Transpose, Conv, Reshape");
}

TEST_CASE("a Transpose of the model from channels-last vanishes", "[passes]") {
  CHECK(LaidOut(R"(
    input image: float32[1,6,6,2]
    const w: float32[2,2,3,3] = random(3)
    x = Transpose(image) {perm=[0,3,1,2]}
    a = Conv(x, w)
    y = Relu(a)
    output y
  )") == "Conv, Transpose, Relu");
}

TEST_CASE("a reduction to one position costs no Transpose behind", "[passes]") {
  CHECK(LaidOut(kWeights + R"(
    const axes: int64[2] = [2,3]
    const flat: int64[2] = [1,2]
    a = Conv(x, w)
    m = ReduceMean(a, axes)
    y = Reshape(m, flat)
    output y
  )") == "Transpose, Conv, ReduceMean, Transpose, Reshape");
}

TEST_CASE("Pad, Split and constants of lower rank follow the layout", "[passes]") {
  const std::string ops = LaidOut(kWeights + R"(
    const pads: int64[8] = [0,0,1,2,0,0,3,4]
    const k: float32[2,1,1] = [1,2]
    a = Conv(x, w)
    b = Pad(a, pads)
    c = Sub(k, b)
    d, e = Split(c) {axis=1, num_outputs=2}
    f = Concat(e, d) {axis=1}
    y = Conv(f, p)
    output y
  )");
  CHECK(ops == "Transpose, Conv, Pad, Sub, Split, Concat, Conv, Transpose");
}

TEST_CASE("integer operators are laid out alike", "[passes]") {
  CHECK(LaidOut(R"(
    input x: uint8[1,2,6,6]
    a = MaxPool(x) {kernel_shape=[2,2]}
    b = Clip(a)
    y = MaxPool(b) {kernel_shape=[3,3]}
    output y
  )") == "Transpose, MaxPool, Clip, MaxPool, Transpose");
}

TEST_CASE("numbers beside the data have no layout", "[passes]") {
  CHECK(LaidOut(kWeights + R"(
    a = Conv(x, w) {pads=[1,1,1,1]}
    q, s, z = DynamicQuantizeLinear(a)
    b = DequantizeLinear(q, s, z)
    y = Conv(b, p)
    output y
    output s
  )") == "Transpose, Conv, DynamicQuantizeLinear, DequantizeLinear, Conv, Transpose");
}

TEST_CASE("without a wish nothing changes", "[passes]") {
  const char* text = R"(graph g {
    input x: float32[1,2,6,6]
    a = Relu(x)
    y = Neg(a)
    output y
  })";
  CHECK(Ops(ApplyPass(ChooseLayout, text, Wanting())) == "Relu, Neg");
  CHECK(Ops(ApplyPass(ChooseLayout, text)) == "Relu, Neg");
}

TEST_CASE("the cut is the cheapest", "[passes]") {
  MinCut cut;
  const int a = cut.AddVertex(), b = cut.AddVertex(), c = cut.AddVertex();
  cut.AddEdge(MinCut::kSource, a, 10);
  cut.AddEdge(MinCut::kSource, b, 3);
  cut.AddEdge(a, b, 4);
  cut.AddEdge(a, c, 2);
  cut.AddEdge(b, MinCut::kSink, 5);
  cut.AddEdge(c, MinCut::kSink, 9);
  const auto side = cut.Solve();  // a -> c and b -> sink: 2 + 5
  CHECK(side == std::vector<bool>{true, false, true, true, false});
}

}  // namespace insitu::test
