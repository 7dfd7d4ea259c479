// MatMul, Gemm and their integer forms: against plain triple loops over random shapes, zero points
// and scales; shapes that do not fit; lowering.
#include "ir/text.h"
#include "ops/ops.h"
#include "support/run_op.h"

namespace insitu::test {
namespace {

Tensor MicrosoftOp(const std::string& op, const std::vector<Tensor>& inputs,
                   Attributes attributes = {}) {
  return RunOpAll(op, inputs, {.attributes = std::move(attributes), .domain = "com.microsoft"})
      .front();
}

double Real(const Tensor& t, int64_t i) { return LoadReal(t.View(), i); }

Tensor Byte(DType type, int64_t value) {
  Tensor tensor = Value(Tensor::Allocate(type, {}));
  StoreElements(&value, 1, tensor.View(), 0);
  return tensor;
}

int64_t Quantize(float value, int64_t zero, DType type) {
  const double low = type == DType::kInt8 ? -128 : 0;
  const double steps = std::nearbyint(static_cast<double>(value)) + static_cast<double>(zero);
  return static_cast<int64_t>(std::min(std::max(steps, low), low + 255));
}

TEST_CASE("MatMul multiplies batches that broadcast") {
  const Tensor a = RandomTensor(DType::kFloat32, {2, 1, 3, 4}, 1);
  const Tensor b = RandomTensor(DType::kFloat32, {5, 4, 300}, 2);
  const Tensor y = RunOp("MatMul", {a, b});
  REQUIRE(y.dims() == Dims{2, 5, 3, 300});
  for (int64_t i = 0; i < y.elements(); ++i) {
    const int64_t column = i % 300, row = i / 300 % 3, second = i / 900 % 5, first = i / 4500;
    double sum = 0;
    for (int64_t k = 0; k < 4; ++k)
      sum += Real(a, (first * 3 + row) * 4 + k) * Real(b, (second * 4 + k) * 300 + column);
    REQUIRE(std::abs(Real(y, i) - sum) < 1e-5);
  }
}

TEST_CASE("MatMul drops the axis it added to vectors, and computes in integers") {
  const Tensor matrix = Floats({2, 3}, {1, 2, 3, 4, 5, 6}), v = Floats({3}, {1, 10, 100});
  CheckClose(RunOp("MatMul", {matrix, v}), Floats({2}, {321, 654}));
  CheckClose(RunOp("MatMul", {Floats({2}, {1, 10}), matrix}), Floats({3}, {41, 52, 63}));
  CheckClose(RunOp("MatMul", {v, v}), Floats({}, {10101}));
  CheckClose(RunOp("MatMul", {Make<int64_t>({1, 2}, {3, 4}), Make<int64_t>({2, 1}, {5, 6})}),
             Make<int64_t>({1, 1}, {39}));
}

TEST_CASE("MatMul and Gemm refuse extents that do not fit") {
  const Tensor a = RandomTensor(DType::kFloat32, {2, 3}, 1);
  CHECK(OpError("MatMul", {a, a}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("MatMul", {a, Floats({}, {1})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("MatMul", {RandomTensor(DType::kFloat32, {2, 2, 3}, 1),
                           RandomTensor(DType::kFloat32, {3, 3, 2}, 1)}) ==
        ErrorCode::kShapeMismatch);
  CHECK(OpError("Gemm", {a, a}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("Gemm", {a, Floats({3}, {1, 2, 3})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("Gemm", {a, RandomTensor(DType::kFloat32, {3, 4}, 1), Floats({3}, {1, 2, 3})}) ==
        ErrorCode::kShapeMismatch);
}

TEST_CASE("Gemm transposes, scales and broadcasts its addend") {
  for (int form = 0; form < 4; ++form) {
    const bool ta = form & 1, tb = form & 2;
    const Tensor a = RandomTensor(DType::kFloat32, ta ? Dims{5, 3} : Dims{3, 5}, 1);
    const Tensor b = RandomTensor(DType::kFloat32, tb ? Dims{4, 5} : Dims{5, 4}, 2);
    for (const Dims& c_dims : {Dims{}, Dims{1}, Dims{4}, Dims{3, 1}, Dims{1, 4}, Dims{3, 4}}) {
      const Tensor c = RandomTensor(DType::kFloat32, c_dims, 3);
      const Tensor y = RunOp(
          "Gemm", {a, b, c},
          {{"transA", int64_t{ta}}, {"transB", int64_t{tb}}, {"alpha", 0.5f}, {"beta", 2.0f}});
      for (int64_t i = 0; i < 3; ++i)
        for (int64_t j = 0; j < 4; ++j) {
          double sum = 0;
          for (int64_t k = 0; k < 5; ++k)
            sum += Real(a, ta ? k * 3 + i : i * 5 + k) * Real(b, tb ? j * 5 + k : k * 4 + j);
          const bool rows = c_dims.size() == 2 && c_dims[0] == 3;
          const int64_t width = c_dims.empty() ? 1 : c_dims.back();
          const int64_t at = (rows ? i * width : 0) + (width == 4 ? j : 0);
          REQUIRE(std::abs(Real(y, i * 4 + j) - (0.5 * sum + 2 * Real(c, at))) < 1e-5);
        }
    }
  }
}

TEST_CASE("Integer products are bit exact over types and zero points at the extremes") {
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    const auto type = [&] { return random() % 2 ? DType::kInt8 : DType::kUint8; };
    const auto zero_of = [&](DType t) {
      const int64_t above = random() % 3 == 0 ? 255 : int64_t(random() % 2) * 128;
      return (t == DType::kInt8 ? -128 : 0) + above;
    };
    const DType at = type(), bt = type(), yt = type();
    const int64_t za = zero_of(at), zy = zero_of(yt), m = 1 + random() % 4, k = 1 + random() % 40,
                  n = 1 + random() % 7;
    const Tensor a = RandomTensor(at, {m, k}, random()), b = RandomTensor(bt, {k, n}, random());
    Tensor zb = Value(Tensor::Allocate(bt, {n}));
    for (int64_t j = 0; j < n; ++j) {
      const int64_t zero = zero_of(bt);
      StoreElements(&zero, 1, zb.View(), j);
    }
    Tensor sb = RandomTensor(DType::kFloat32, {n}, random());
    for (float& scale : sb.As<float>()) scale = 0.001f + std::abs(scale) * 0.02f;
    const float sa = 0.03f, sy = 0.9f;
    const Tensor c = RandomTensor(DType::kInt32, {n}, random());

    const Tensor sums = RunOp("MatMulInteger", {a, b, Byte(at, za), zb});
    const std::vector<Tensor> head = {a, Floats({}, {sa}), Byte(at, za), b, sb, zb};
    std::vector<Tensor> product = head, gemm = head;
    product.insert(product.end(), {Floats({}, {sy}), Byte(yt, zy)});
    gemm.insert(gemm.end(), {c, Floats({}, {sy}), Byte(yt, zy)});
    const Tensor y = RunOp("QLinearMatMul", product);
    const Tensor g = MicrosoftOp("QGemm", gemm);
    std::vector<Tensor> real = head;
    real.push_back(c);
    const Tensor r = MicrosoftOp("QGemm", real);
    const Tensor b_t = RunOp("Transpose", {b}, {{"perm", std::vector<int64_t>{1, 0}}});
    gemm[3] = b_t;
    CheckClose(MicrosoftOp("QGemm", gemm, {{"transB", int64_t{1}}}), g, 0);

    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        int64_t sum = 0;
        for (int64_t l = 0; l < k; ++l)
          sum += (LoadInteger(a.View(), i * k + l) - za) *
                 (LoadInteger(b.View(), l * n + j) - LoadInteger(zb.View(), j));
        const auto column = static_cast<size_t>(j);
        const float scale = sa * sb.As<float>()[column], factor = scale / sy;
        const int64_t with_bias = sum + c.As<int32_t>()[column];
        REQUIRE(LoadInteger(sums.View(), i * n + j) == sum);
        const float plain = static_cast<float>(sum) * factor;
        const float biased = static_cast<float>(with_bias) * factor;
        REQUIRE(LoadInteger(y.View(), i * n + j) == Quantize(plain, zy, yt));
        REQUIRE(LoadInteger(g.View(), i * n + j) == Quantize(biased, zy, yt));
        REQUIRE(r.As<float>()[static_cast<size_t>(i * n + j)] ==
                static_cast<float>(with_bias) * scale);
      }
  }
}

TEST_CASE("DynamicQuantizeMatMul equals the chain of operators that it stands for") {
  for (DType type : {DType::kInt8, DType::kUint8}) {
    const Tensor x = RandomTensor(DType::kFloat32, {3, 5}, 1), b = RandomTensor(type, {5, 4}, 2);
    const Tensor sb = Floats({4}, {0.1f, 0.2f, 0.03f, 0.5f}), zb = Byte(type, 7);
    const Tensor bias = RandomTensor(DType::kFloat32, {4}, 3);
    const auto q =
        RunOpAll("DynamicQuantizeLinear", {x}, {.attributes = {}, .outputs = 3, .domain = {}});
    const Tensor sums = RunOp("MatMulInteger", {q[0], b, q[2], zb});
    const Tensor scaled =
        RunOp("Mul", {RunOp("Cast", {sums}, {{"to", int64_t{1}}}), RunOp("Mul", {q[1], sb})});
    const Tensor want = RunOp("Relu", {RunOp("Add", {scaled, bias})});
    CheckClose(
        MicrosoftOp("DynamicQuantizeMatMul", {x, b, sb, zb, bias}, {{"activation_min", 0.0f}}),
        want, 0);
  }
}

LoweredNode LowerLast(Graph& graph, const OpDef& def) {
  Check(InferShapes(graph));
  auto lowered = def.lower(LowerContext(graph, graph.node(graph.Order().back())));
  if (!lowered) FAIL(lowered.error().why);
  return *lowered;
}

TEST_CASE("float layers lower with their weights as they are, integer ones as output, input") {
  Graph graph = Value(Parse(R"(graph g {
    input x: float32[n,3]
    const w: float32[3,2] = [1,2,3,4,5,6]
    const c: float32[1,2] = [7,8]
    y = Gemm(x, w, c)
    output y
  })"));
  const LoweredNode node = LowerLast(graph, kGemmOp);
  const auto& linear = std::get<lowered::FullyConnected>(node.op);
  CHECK(linear.inputs_first);
  CheckClose(linear.weights, Floats({3, 2}, {1, 2, 3, 4, 5, 6}));
  CheckClose(linear.bias, Floats({2}, {7, 8}));

  Graph dynamic = Value(Parse(R"(graph g {
    input x: float32[n,2]
    const b: uint8[2,1] = [128, 130]
    const s: float32[] = [0.5]
    const z: uint8[] = [128]
    y = com.microsoft.DynamicQuantizeMatMul(x, b, s, z)
    output y
  })"));
  const LoweredNode lowered = LowerLast(dynamic, kDynamicQuantizeMatMulOp);
  CheckClose(std::get<lowered::DynamicFullyConnected>(lowered.op).weights,
             Make<int8_t>({1, 2}, {0, 2}));
}

}  // namespace
}  // namespace insitu::test
