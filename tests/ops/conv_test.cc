// Conv: against a second implementation over random shapes, both layouts, bad models, lowering.
#include "ir/text.h"
#include "naive_conv.h"
#include "ops/ops.h"
#include "support/run_op.h"

namespace insitu::test {
namespace {

Tensor Transposed(const Tensor& x, const std::vector<int64_t>& perm) {
  return RunOp("Transpose", {x}, {{"perm", perm}});
}

std::vector<int64_t> ToChannelsLast(size_t rank) {
  std::vector<int64_t> perm = {0};
  for (size_t i = 2; i < rank; ++i) perm.push_back(static_cast<int64_t>(i));
  perm.push_back(1);
  return perm;
}

std::vector<int64_t> Inverse(const std::vector<int64_t>& perm) {
  std::vector<int64_t> inverse(perm.size());
  for (size_t i = 0; i < perm.size(); ++i)
    inverse[static_cast<size_t>(perm[i])] = static_cast<int64_t>(i);
  return inverse;
}

TEST_CASE("Conv equals the specification for random shapes in one to three dimensions") {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    const ConvCase c = RandomConvCase(random, 1 + static_cast<size_t>(round) % 3);
    const Tensor x = RandomTensor(DType::kFloat32, c.XDims(), static_cast<uint32_t>(round));
    const Tensor w = RandomTensor(DType::kFloat32, c.WDims(), static_cast<uint32_t>(round) + 100);
    const Tensor b = RandomTensor(DType::kFloat32, {c.groups * c.filters}, 9);
    const Tensor y = RunOp("Conv", {x, w, b}, c.Attrs());
    REQUIRE(y.dims() == c.YDims());
    const auto want = NaiveConv(c, [&](int64_t i, int64_t j) {
      return static_cast<double>(x.As<float>()[static_cast<size_t>(i)]) *
             w.As<float>()[static_cast<size_t>(j)];
    });
    for (size_t i = 0; i < want.size(); ++i) {
      const auto channel = static_cast<size_t>(Unflat(y.dims(), static_cast<int64_t>(i))[1]);
      REQUIRE(std::abs(y.As<float>()[i] - (want[i] + b.As<float>()[channel])) < 1e-5);
    }

    const auto perm = ToChannelsLast(c.rank() + 2);
    Attributes last = c.Attrs();
    last["channels_last"] = int64_t{1};
    const Tensor y_last = RunOp("Conv", {Transposed(x, perm), w, b}, last);
    CheckClose(Transposed(y_last, Inverse(perm)), y, 0);
  }
}

TEST_CASE("Conv sums rows longer than its block") {
  const Tensor x = RandomTensor(DType::kFloat32, {1, 1, 1, 600}, 1);
  const Tensor y = RunOp("Conv", {x, Floats({1, 1, 1, 1}, {2})});
  for (size_t i = 0; i < 600; ++i) REQUIRE(y.As<float>()[i] == 2 * x.As<float>()[i]);
}

TEST_CASE("Conv pads by auto_pad as its definition says") {
  const Tensor x = Floats({1, 1, 4}, {1, 2, 3, 4}), w = Floats({1, 1, 2}, {1, 10});
  const auto run = [&](std::string pad) { return RunOp("Conv", {x, w}, {{"auto_pad", pad}}); };
  CheckClose(run("SAME_UPPER"), Floats({1, 1, 4}, {21, 32, 43, 4}));
  CheckClose(run("SAME_LOWER"), Floats({1, 1, 4}, {10, 21, 32, 43}));
  CheckClose(run("VALID"), Floats({1, 1, 3}, {21, 32, 43}));
}

TEST_CASE("Conv clamps by its fused activation and works in float64 and float16") {
  const Tensor x = Floats({1, 1, 3}, {-2, 1, 9}), w = Floats({1, 1, 1}, {1});
  CheckClose(RunOp("Conv", {x, w}, {{"activation_min", 0.0f}, {"activation_max", 6.0f}}),
             Floats({1, 1, 3}, {0, 1, 6}));
  for (DType type : {DType::kFloat64, DType::kFloat16}) {
    const Attributes to = {{"to", static_cast<int64_t>(type)}};
    const Tensor y = RunOp("Conv", {RunOp("Cast", {x}, to), RunOp("Cast", {w}, to)});
    CheckClose(RunOp("Cast", {y}, {{"to", int64_t{1}}}), x);
  }
}

TEST_CASE("Conv keeps symbolic extents as formulas") {
  Graph graph = Value(Parse(R"(graph g {
    input x: float32[batch,3,height,8]
    const w: float32[4,3,3,3] = splat(1)
    y = Conv(x, w) {strides=[2,2], pads=[1,1,1,1]}
    output y
  })"));
  Check(InferShapes(graph));
  CHECK(ToString(*graph.value(graph.outputs[0]).type.shape) == "[batch,4,floor((height+1)/2),4]");
}

TEST_CASE("Conv refuses damaged models with a typed error") {
  const Tensor x = RandomTensor(DType::kFloat32, {1, 4, 5, 5}, 1);
  const Tensor w = RandomTensor(DType::kFloat32, {4, 4, 3, 3}, 2);
  using Ints = std::vector<int64_t>;
  const auto code = [&](Attributes attributes) { return OpError("Conv", {x, w}, attributes); };
  CHECK(code({{"strides", Ints{0, 1}}}) == ErrorCode::kInvalidModel);
  CHECK(code({{"dilations", Ints{1, -1}}}) == ErrorCode::kInvalidModel);
  CHECK(code({{"dilations", Ints{int64_t{1} << 30, 1}}}) == ErrorCode::kInvalidModel);
  CHECK(code({{"pads", Ints{0, 0, -1, 0}}}) == ErrorCode::kInvalidModel);
  CHECK(code({{"pads", Ints{0, 0}}}) == ErrorCode::kInvalidModel);
  CHECK(code({{"kernel_shape", Ints{2, 3}}}) == ErrorCode::kInvalidModel);
  CHECK(code({{"auto_pad", std::string("SAME")}}) == ErrorCode::kInvalidModel);
  CHECK(code({{"group", int64_t{0}}}) == ErrorCode::kInvalidModel);
  CHECK(code({{"group", int64_t{3}}}) == ErrorCode::kShapeMismatch);
  CHECK(code({{"group", int64_t{2}}}) == ErrorCode::kShapeMismatch);
  const Tensor wide = RandomTensor(DType::kFloat32, {4, 4, 6, 3}, 2);
  CHECK(OpError("Conv", {x, wide}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("Conv", {x, RandomTensor(DType::kFloat32, {4, 4, 3}, 2)}) ==
        ErrorCode::kShapeMismatch);
  CHECK(OpError("Conv", {x, w, RandomTensor(DType::kFloat32, {3}, 2)}) ==
        ErrorCode::kShapeMismatch);
  CHECK(OpError("Conv", {RandomTensor(DType::kInt32, {1, 4, 5, 5}, 1), w}) ==
        ErrorCode::kUnsupportedType);
}

LoweredNode LowerOnly(Graph& graph, const OpDef& def) {
  Check(InferShapes(graph));
  auto lowered = def.lower(LowerContext(graph, graph.node(graph.Order().back())));
  if (!lowered) FAIL(lowered.error().why);
  return *lowered;
}

TEST_CASE("Conv lowers with weights as output, height, width, input") {
  Graph graph = Value(Parse(R"(graph g {
    input x: float32[1,4,9]
    const w: float32[2,2,3] = [1,2,3,4,5,6, 7,8,9,10,11,12]
    const b: float32[2] = [1,2]
    y = Conv(x, w, b) {group=2, strides=[2], pads=[1,2], activation_min=0.0}
    output y
  })"));
  const LoweredNode node = LowerOnly(graph, kConvOp);
  CHECK(node.operands == std::vector<size_t>{0});
  const auto& conv = std::get<lowered::Convolution>(node.op);
  CHECK(conv.groups == 2);
  CHECK(conv.kernel[0] == 1);
  CHECK(conv.kernel[1] == 3);
  CHECK(conv.stride[1] == 2);
  CHECK(conv.pad_begin[1] == 1);
  CHECK(conv.pad_end[1] == 2);
  CHECK(conv.clamp.min == 0.0f);
  CheckClose(conv.weights, Floats({2, 1, 3, 2}, {1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12}));
  CheckClose(conv.bias, Floats({2}, {1, 2}));
}

}  // namespace
}  // namespace insitu::test
