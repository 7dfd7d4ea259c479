// The attention operators against the same written out with MatMul and Softmax, and against each
// other; rotary embeddings; the fused operators of com.microsoft.
#include <cmath>
#include <limits>

#include "support/run_op.h"

namespace insitu::test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
const std::string kMicrosoft = "com.microsoft";

Tensor Random(Dims dims, uint32_t seed) { return RandomTensor(DType::kFloat32, dims, seed); }

std::vector<Tensor> RunMicrosoft(const std::string& op, const std::vector<Tensor>& inputs,
                                 Attributes attributes = {}, size_t outputs = 1) {
  return RunOpAll(op, inputs,
                  {.attributes = std::move(attributes), .outputs = outputs, .domain = kMicrosoft});
}

ErrorCode MicrosoftError(const std::string& op, const std::vector<Tensor>& inputs,
                         Attributes attributes = {}) {
  auto result = TryOp(op, inputs, {.attributes = std::move(attributes), .domain = kMicrosoft});
  REQUIRE(!result);
  return result.error().code;
}

Tensor Transposed(const Tensor& x, std::vector<int64_t> perm) {
  return RunOp("Transpose", {x}, {{"perm", std::move(perm)}});
}
// [batch, heads, rows, size] as [batch, rows, heads * size], and back.
Tensor Merged(const Tensor& x) {
  return Transposed(x, {0, 2, 1, 3})
      .Reshaped({x.dims()[0], x.dims()[2], x.dims()[1] * x.dims()[3]});
}
Tensor Split(const Tensor& x, int64_t heads) {
  return Transposed(x.Reshaped({x.dims()[0], x.dims()[1], heads, x.dims()[2] / heads}),
                    {0, 2, 1, 3});
}
Tensor Joined(const Tensor& a, const Tensor& b, int64_t axis) {
  return RunOp("Concat", {a, b}, {{"axis", axis}});
}

struct Written {
  Tensor y, product, masked, softmax;
};

// Of heads in equal number; `mask` broadcasts, and may be empty.
Written WriteOut(const Tensor& q, const Tensor& k, const Tensor& v, float scale,
                 const Tensor& mask) {
  Written w;
  w.product =
      RunOp("Mul", {RunOp("MatMul", {q, Transposed(k, {0, 1, 3, 2})}), Floats({}, {scale})});
  w.masked = mask.empty() ? w.product : RunOp("Add", {w.product, mask});
  w.softmax = RunOp("Softmax", {w.masked});
  w.y = RunOp("MatMul", {w.softmax, v});
  return w;
}

Tensor CausalMask(int64_t rows, int64_t past) {
  Tensor mask = Value(Tensor::Allocate(DType::kFloat32, {rows, past + rows}));
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < past + rows; ++j)
      mask.As<float>()[static_cast<size_t>(i * (past + rows) + j)] = j > past + i ? -kInf : 0;
  return mask;
}

}  // namespace

TEST_CASE("Attention of the standard", "[ops]") {
  const Tensor q = Random({2, 4, 3, 8}, 1), k = Random({2, 4, 5, 8}, 2),
               v = Random({2, 4, 5, 6}, 3);
  const Tensor mask = Random({3, 5}, 4);
  const Written want = WriteOut(q, k, v, 1 / std::sqrt(8.0f), mask);
  const auto run = [&](int64_t mode) {
    return RunOpAll("Attention", {q, k, v, mask},
                    {.attributes = {{"qk_matmul_output_mode", mode}}, .outputs = 4, .domain = {}});
  };
  CheckClose(run(0)[0], want.y);
  CheckClose(run(0)[1], k);
  CheckClose(run(0)[2], v);
  CheckClose(run(0)[3], want.product);
  CheckClose(run(2)[3], want.masked);
  CheckClose(run(3)[3], want.softmax);
  const Attributes heads = {{"q_num_heads", int64_t{4}}, {"kv_num_heads", int64_t{4}}};
  CheckClose(RunOp("Attention", {Merged(q), Merged(k), Merged(v), mask}, heads), Merged(want.y));
  CHECK(OpError("Attention", {Merged(q), Merged(k), Merged(v)}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("Attention", {q, k, Random({2, 4, 4, 6}, 5)}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("Attention", {q, k, v, Random({2, 5}, 5)}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("Attention", {q, k, v, Tensor(), k}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Attention", {q, k, v}, {{"qk_matmul_output_mode", int64_t{4}}}) ==
        ErrorCode::kInvalidModel);
  CHECK(RunOp("Attention",
              {Floats({1, 1, 0, 2}, {}), Random({1, 1, 3, 2}, 1), Random({1, 1, 3, 2}, 1)})
            .dims() == Dims{1, 1, 0, 2});
}

TEST_CASE("Attention with a cache, shared heads, softcap and bool masks", "[ops]") {
  const Tensor q = Random({1, 4, 3, 8}, 1), k = Random({1, 2, 3, 8}, 2),
               v = Random({1, 2, 3, 8}, 3);
  const Tensor past_k = Random({1, 2, 2, 8}, 4), past_v = Random({1, 2, 2, 8}, 5);
  const Tensor all_k = Joined(past_k, k, 2), all_v = Joined(past_v, v, 2);
  const auto repeated = [](const Tensor& x) {  // every head twice
    return RunOp("Gather", {x, Longs({0, 0, 1, 1})}, {{"axis", int64_t{1}}});
  };
  const auto outputs = RunOpAll(
      "Attention", {q, k, v, Tensor(), past_k, past_v},
      {.attributes = {{"is_causal", int64_t{1}}, {"scale", 0.5f}}, .outputs = 3, .domain = {}});
  CheckClose(outputs[0], WriteOut(q, repeated(all_k), repeated(all_v), 0.5f, CausalMask(3, 2)).y);
  CheckClose(outputs[1], all_k);
  CheckClose(outputs[2], all_v);
  // A mask of fewer columns masks the rest; a row without keys gives zeros.
  const Tensor bools = Bools({3, 2}, {1, 0, 0, 1, 0, 0});
  const Tensor floats =
      Floats({3, 5}, {0, -kInf, -kInf, -kInf, -kInf, -kInf, 0, -kInf, -kInf, -kInf, 0, 0, 0, 0, 0});
  const Tensor masked = RunOp("Attention", {q, all_k, all_v, bools});
  const Tensor written =
      WriteOut(q, repeated(all_k), repeated(all_v), 1 / std::sqrt(8.0f), floats).y;
  for (size_t h = 0; h < 4; ++h)
    for (size_t i = 0; i < 24; ++i) {
      const float want = i < 16 ? written.As<float>()[h * 24 + i] : 0;
      REQUIRE(std::fabs(masked.As<float>()[h * 24 + i] - want) < 1e-5);
    }
  const auto capped =
      RunOpAll("Attention", {q, k, v},
               {.attributes = {{"softcap", 0.1f}, {"qk_matmul_output_mode", int64_t{1}}},
                .outputs = 4,
                .domain = {}});
  for (float score : capped[3].As<float>()) CHECK(std::fabs(score) <= 0.1f);
  CHECK(OpError("Attention", {q, Random({1, 3, 3, 8}, 2), Random({1, 3, 3, 8}, 2)}) ==
        ErrorCode::kShapeMismatch);
}

TEST_CASE("RotaryEmbedding in both domains", "[ops]") {
  const Tensor x = Floats({1, 1, 2, 4}, {1, 2, 3, 4, 1, 2, 3, 4});
  const Tensor cosines = Floats({3, 2}, {1, 1, 0, 1, -1, 0}),
               sines = Floats({3, 2}, {0, 0, 1, 0, 0, 1});
  const Tensor ids = Make<int64_t>({1, 2}, {1, 2});
  const Tensor want = Floats({1, 1, 2, 4}, {-3, 2, 1, 4, -1, -4, -3, 2});
  CheckClose(RunOp("RotaryEmbedding", {x, cosines, sines, ids}), want);
  CheckClose(RunMicrosoft("RotaryEmbedding", {x, ids, cosines, sines})[0], want);
  CheckClose(RunMicrosoft("RotaryEmbedding", {x, Longs({1}), cosines, sines})[0], want);
  CheckClose(RunMicrosoft("RotaryEmbedding", {Merged(x), ids, cosines, sines})[0], Merged(want));
  CheckClose(RunOp("RotaryEmbedding",
                   {Merged(x), Floats({1, 2, 2}, {0, 1, -1, 0}), Floats({1, 2, 2}, {1, 0, 0, 1})},
                   {{"num_heads", int64_t{1}}}),
             Merged(want));
  CheckClose(RunOp("RotaryEmbedding", {x, cosines, sines, ids}, {{"interleaved", int64_t{1}}}),
             Floats({1, 1, 2, 4}, {-2, 1, 3, 4, -1, -2, -4, 3}));
  const Tensor cosine = Floats({3, 1}, {1, 0, 0}), sine = Floats({3, 1}, {0, 1, 1});
  CheckClose(
      RunOp("RotaryEmbedding", {x, cosine, sine, ids}, {{"rotary_embedding_dim", int64_t{2}}}),
      Floats({1, 1, 2, 4}, {-2, 1, 3, 4, -2, 1, 3, 4}));
  CHECK(OpError("RotaryEmbedding", {x, cosines, sines, Make<int64_t>({1, 2}, {1, 3})}) ==
        ErrorCode::kInvalidArgument);
  CHECK(OpError("RotaryEmbedding", {x, cosine, sine, ids}) == ErrorCode::kShapeMismatch);
  CHECK(MicrosoftError("RotaryEmbedding", {x, Longs({2}), cosines, sines}) ==
        ErrorCode::kInvalidArgument);
}

TEST_CASE("MultiHeadAttention in all its layouts", "[ops]") {
  const int64_t heads = 2;
  const Attributes attributes = {{"num_heads", heads}};
  const Tensor q = Random({2, 3, 8}, 1), k = Random({2, 3, 8}, 2), v = Random({2, 3, 8}, 3);
  const Tensor bias = Random({24}, 4), attention_bias = Random({1, 2, 3, 3}, 5);
  const auto part = [&](const Tensor& x, int64_t i) {
    return RunOp("Add", {x, RunOp("Slice", {bias, Longs({8 * i}), Longs({8 * i + 8})})});
  };
  const Tensor wide_q = Split(part(q, 0), heads), wide_k = Split(part(k, 1), heads),
               wide_v = Split(part(v, 2), heads);
  const Written want = WriteOut(wide_q, wide_k, wide_v, 0.5f, attention_bias);
  const auto outputs =
      RunMicrosoft("MultiHeadAttention", {q, k, v, bias, Tensor(), attention_bias}, attributes, 4);
  CheckClose(outputs[0], Merged(want.y));
  CheckClose(outputs[1], wide_k);
  CheckClose(outputs[2], wide_v);
  CheckClose(outputs[3], want.softmax);

  // Packed: [batch, rows, heads, parts, size].
  const auto packed = [&](const std::vector<Tensor>& parts) {
    std::vector<Tensor> split;
    for (const Tensor& x : parts) split.push_back(x.Reshaped({2, 3, heads, 1, 4}));
    return RunOp("Concat", split, {{"axis", int64_t{3}}});
  };
  const Tensor plain =
      Merged(WriteOut(Split(q, heads), Split(k, heads), Split(v, heads), 0.5f, {}).y);
  CheckClose(RunMicrosoft("MultiHeadAttention", {packed({q, k, v})}, attributes)[0], plain);
  CheckClose(RunMicrosoft("MultiHeadAttention", {q, packed({k, v})}, attributes)[0], plain);
  CheckClose(
      RunMicrosoft("MultiHeadAttention", {q, Split(k, heads), Split(v, heads)}, attributes)[0],
      plain);
  // A cache, and the future masked.
  const Tensor past_k = Random({2, 2, 2, 4}, 6), past_v = Random({2, 2, 2, 4}, 7);
  const auto cached =
      RunMicrosoft("MultiHeadAttention", {q, k, v, Tensor(), Tensor(), Tensor(), past_k, past_v},
                   {{"num_heads", heads}, {"unidirectional", int64_t{1}}}, 3);
  const Tensor all_k = Joined(past_k, Split(k, heads), 2),
               all_v = Joined(past_v, Split(v, heads), 2);
  CheckClose(cached[0], Merged(WriteOut(Split(q, heads), all_k, all_v, 0.5f, CausalMask(3, 2)).y));
  CheckClose(cached[2], all_v);
  CHECK(MicrosoftError("MultiHeadAttention", {q, k}, attributes) == ErrorCode::kShapeMismatch);
  CHECK(MicrosoftError("MultiHeadAttention", {q, k, v}, {{"num_heads", int64_t{3}}}) ==
        ErrorCode::kShapeMismatch);
  CHECK(MicrosoftError("MultiHeadAttention", {q, k, v, Random({23}, 1)}, attributes) ==
        ErrorCode::kShapeMismatch);
}

TEST_CASE("padding masks in all their forms", "[ops]") {
  const Tensor q = Random({2, 2, 4}, 1), k = Random({2, 3, 4}, 2);
  const auto run = [&](const Tensor& mask) {
    return RunMicrosoft("MultiHeadAttention", {q, k, k, Tensor(), mask},
                        {{"num_heads", int64_t{1}}, {"mask_filter_value", -1e9f}})[0];
  };
  // Sequence 0 has two keys, sequence 1 all but the first.
  const Tensor both = run(Make<int32_t>({2, 3}, {1, 1, 0, 0, 1, 1}));
  CheckClose(run(Make<int32_t>({4}, {2, 3, 0, 1})), both);
  CheckClose(run(Make<int32_t>({2, 2, 3}, {1, 1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 1})), both);
  CheckClose(
      run(Make<int32_t>({2, 1, 3, 3}, {1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0, 1, 1})),
      both);
  CheckClose(run(Make<int32_t>({2}, {2, 1})), run(Make<int32_t>({2, 3}, {1, 1, 0, 1, 0, 0})));
  CHECK(MicrosoftError("MultiHeadAttention", {q, k, k, Tensor(), Make<int32_t>({3}, {1, 1, 1})},
                       {{"num_heads", int64_t{1}}}) == ErrorCode::kShapeMismatch);
}

TEST_CASE("Attention of com.microsoft projects first", "[ops]") {
  const Tensor x = Random({2, 3, 5}, 1), weights = Random({5, 12}, 2), bias = Random({12}, 3);
  const Tensor projected = RunOp("Add", {RunOp("MatMul", {x, weights}), bias});
  const auto part = [&](int64_t i) {
    return Split(RunOp("Slice", {projected, Longs({4 * i}), Longs({4 * i + 4}), Longs({2})}), 2);
  };
  const Tensor past = Random({2, 2, 2, 2, 2}, 4);
  const auto half = [&](int64_t i) {
    return RunOp("Gather", {past, Make<int64_t>({}, {i})}, {{"axis", int64_t{0}}});
  };
  const auto outputs = RunMicrosoft("Attention", {x, weights, bias, Tensor(), past},
                                    {{"num_heads", int64_t{2}}, {"unidirectional", int64_t{1}}}, 2);
  const Tensor k = Joined(half(0), part(1), 2), v = Joined(half(1), part(2), 2);
  CheckClose(outputs[0], Merged(WriteOut(part(0), k, v, std::sqrt(0.5f), CausalMask(3, 2)).y));
  CheckClose(outputs[1], Joined(k.Reshaped({1, 2, 2, 5, 2}), v.Reshaped({1, 2, 2, 5, 2}), 0));
  CHECK(MicrosoftError("Attention", {x, Random({4, 12}, 1)}, {{"num_heads", int64_t{2}}}) ==
        ErrorCode::kShapeMismatch);
  CHECK(MicrosoftError("Attention", {x, weights}, {{"num_heads", int64_t{3}}}) ==
        ErrorCode::kShapeMismatch);
}

TEST_CASE("GroupQueryAttention in prompt and step equals causal Attention", "[ops]") {
  const Attributes attributes = {
      {"num_heads", int64_t{4}}, {"kv_num_heads", int64_t{2}}, {"do_rotary", int64_t{1}}};
  const Attributes standard = {
      {"q_num_heads", int64_t{4}}, {"kv_num_heads", int64_t{2}}, {"is_causal", int64_t{1}}};
  const Tensor cosines = RunOp("Cos", {Random({8, 2}, 1)}),
               sines = RunOp("Sin", {Random({8, 2}, 1)});
  const auto rotated = [&](const Tensor& x, int64_t heads, int64_t first) {
    return RunMicrosoft("RotaryEmbedding", {x, Longs({first}), cosines, sines},
                        {{"num_heads", heads}, {"rotary_embedding_dim", int64_t{4}}})[0];
  };
  const Tensor q = Random({1, 3, 16}, 2), k = Random({1, 3, 8}, 3), v = Random({1, 3, 8}, 4);
  const auto prompt = RunMicrosoft("GroupQueryAttention",
                                   {q, k, v, Tensor(), Tensor(), Make<int32_t>({1}, {2}),
                                    Make<int32_t>({}, {3}), cosines, sines},
                                   attributes, 3);
  const auto want = RunOpAll("Attention", {rotated(q, 4, 0), rotated(k, 2, 0), v},
                             {.attributes = standard, .outputs = 3, .domain = {}});
  for (size_t i = 0; i < 3; ++i) CheckClose(prompt[i], want[i]);

  const Tensor q2 = Random({1, 1, 16}, 5), k2 = Random({1, 1, 8}, 6), v2 = Random({1, 1, 8}, 7);
  const Tensor packed = Joined(Joined(q2, k2, 2), v2, 2);
  const auto step = RunMicrosoft("GroupQueryAttention",
                                 {packed, Tensor(), Tensor(), prompt[1], prompt[2],
                                  Make<int32_t>({1}, {3}), Make<int32_t>({1}, {4}), cosines, sines},
                                 attributes, 3);
  const auto next =
      RunOpAll("Attention", {rotated(q2, 4, 3), rotated(k2, 2, 3), v2, Tensor(), want[1], want[2]},
               {.attributes = standard, .outputs = 3, .domain = {}});
  for (size_t i = 0; i < 3; ++i) CheckClose(step[i], next[i]);

  // A window of two keys, and a sink that takes half of what is left.
  Attributes window = {
      {"num_heads", int64_t{4}}, {"kv_num_heads", int64_t{2}}, {"local_window_size", int64_t{1}}};
  const std::vector<Tensor> inputs = {
      q, k, v, Tensor(), Tensor(), Make<int32_t>({1}, {2}), Make<int32_t>({}, {3})};
  const Tensor local = RunMicrosoft("GroupQueryAttention", inputs, window)[0];
  CheckClose(local,
             Merged(RunOp("Gather", {Split(v, 2), Longs({0, 0, 1, 1})}, {{"axis", int64_t{1}}})));
  const Tensor zeros =
      Value(Tensor::FromBytes(DType::kFloat32, q.dims(), std::vector<std::byte>(q.size_bytes())));
  std::vector<Tensor> even = inputs;
  even[0] = zeros;
  window["smooth_softmax"] = int64_t{1};
  CheckClose(RunMicrosoft("GroupQueryAttention", even, window)[0],
             RunOp("Mul", {local, Floats({}, {0.5f})}));
  CHECK(
      MicrosoftError("GroupQueryAttention",
                     {q, k, v, Tensor(), Tensor(), Make<int32_t>({1}, {7}), Make<int32_t>({}, {3})},
                     window) == ErrorCode::kInvalidArgument);
  CHECK(
      MicrosoftError("GroupQueryAttention",
                     {q, k, v, Tensor(), Tensor(), Make<int32_t>({1}, {2}), Make<int32_t>({}, {9})},
                     window) == ErrorCode::kInvalidArgument);
}

TEST_CASE("FusedMatMul and FusedGemm", "[ops]") {
  const Tensor a = Random({2, 3, 4}, 1), b = Random({2, 5, 4}, 2);
  const Tensor want =
      RunOp("Mul", {RunOp("MatMul", {a, Transposed(b, {0, 2, 1})}), Floats({}, {0.5f})});
  CheckClose(RunMicrosoft("FusedMatMul", {a, b}, {{"transB", int64_t{1}}, {"alpha", 0.5f}})[0],
             want);
  CheckClose(
      RunMicrosoft("FusedMatMul", {Transposed(a, {1, 0, 2}), b},
                   {{"transBatchA", int64_t{1}}, {"transB", int64_t{1}}, {"alpha", 0.5f}})[0],
      want);
  CHECK(MicrosoftError("FusedMatMul", {a, b}) == ErrorCode::kShapeMismatch);
  const Tensor x = Floats({1, 2}, {1, -2}), w = Floats({2, 2}, {1, 0, 0, 1}),
               c = Floats({2}, {0, 1});
  const auto gemm = [&](const char* activation, Attributes more = {}) {
    more["activation"] = std::string(activation);
    return RunMicrosoft("FusedGemm", {x, w, c}, more)[0];
  };
  CheckClose(gemm(""), Floats({1, 2}, {1, -1}));
  CheckClose(gemm("Relu"), Floats({1, 2}, {1, 0}));
  CheckClose(gemm("LeakyRelu", {{"activation_alpha", 0.25f}}), Floats({1, 2}, {1, -0.25f}));
  CHECK(MicrosoftError("FusedGemm", {x, w, c}, {{"activation", std::string("Magic")}}) ==
        ErrorCode::kUnsupportedOp);
}

TEST_CASE("Gelus of com.microsoft", "[ops]") {
  const Tensor x = Random({3, 4}, 1), bias = Random({4}, 2), sum = RunOp("Add", {x, bias});
  const Attributes tanh = {{"approximate", std::string("tanh")}};
  CheckClose(RunMicrosoft("Gelu", {x})[0], RunOp("Gelu", {x}));
  CheckClose(RunMicrosoft("BiasGelu", {x, bias})[0], RunOp("Gelu", {sum}));
  CheckClose(RunMicrosoft("FastGelu", {x})[0], RunOp("Gelu", {x}, tanh));
  CheckClose(RunMicrosoft("FastGelu", {x, bias})[0], RunOp("Gelu", {sum}, tanh));
  CheckClose(RunMicrosoft("QuickGelu", {x}, {{"alpha", 1.0f}})[0],
             RunOp("Mul", {x, RunOp("Sigmoid", {x})}));
  CHECK(MicrosoftError("BiasGelu", {x, Random({3}, 1)}) == ErrorCode::kShapeMismatch);
}

}  // namespace insitu::test
