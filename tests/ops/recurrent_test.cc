// LSTM, GRU and RNN against the equations of their specifications written out for one row, in every
// direction, layout and length.
#include <algorithm>
#include <catch2/catch_approx.hpp>

#include "support/run_op.h"

namespace insitu::test {
namespace {

double Sigmoid(double v) { return 1 / (1 + std::exp(-v)); }

// One cell of each kind; x, h and c of one batch entry, weights of one direction.
struct Cell {
  std::string op;
  const Tensor &w, &r, &b;
  int64_t direction;
  double clip = 1e30;
  bool linear = false, coupled = false;

  double At(const Tensor& t, std::initializer_list<int64_t> index) const {
    int64_t at = 0;
    size_t axis = 0;
    for (int64_t i : index) at = at * t.dims()[axis++] + i;
    return LoadReal(t.View(), at);
  }
  double X(const std::vector<double>& x, int64_t row) const {
    double sum = At(b, {direction, row});
    for (size_t k = 0; k < x.size(); ++k)
      sum += x[k] * At(w, {direction, row, static_cast<int64_t>(k)});
    return sum;
  }
  double H(const std::vector<double>& h, int64_t row) const {
    double sum = At(b, {direction, w.dims()[1] + row});
    for (size_t k = 0; k < h.size(); ++k)
      sum += h[k] * At(r, {direction, row, static_cast<int64_t>(k)});
    return sum;
  }
  double Bound(double v) const { return std::min(std::max(v, -clip), clip); }

  void Step(const std::vector<double>& x, std::vector<double>& h, std::vector<double>& c) const {
    const auto size = static_cast<int64_t>(h.size());
    const std::vector<double> old = h;
    std::vector<double> reset(h.size());
    for (int64_t j = 0; op == "GRU" && j < size; ++j)
      reset[static_cast<size_t>(j)] = Sigmoid(Bound(X(x, size + j) + H(old, size + j)));
    for (int64_t j = 0; j < size; ++j) {
      const auto at = static_cast<size_t>(j);
      if (op == "RNN") h[at] = std::tanh(Bound(X(x, j) + H(old, j)));
      if (op == "LSTM") {
        const double i = Sigmoid(Bound(X(x, j) + H(old, j)));
        const double o = Sigmoid(Bound(X(x, size + j) + H(old, size + j)));
        const double f =
            coupled ? 1 - i : Sigmoid(Bound(X(x, 2 * size + j) + H(old, 2 * size + j)));
        c[at] = f * c[at] + i * std::tanh(Bound(X(x, 3 * size + j) + H(old, 3 * size + j)));
        h[at] = o * std::tanh(Bound(c[at]));
      }
      if (op == "GRU") {
        const double z = Sigmoid(Bound(X(x, j) + H(old, j)));
        std::vector<double> gated = old;
        for (size_t k = 0; k < gated.size(); ++k) gated[k] *= reset[k];
        const double inner = linear ? reset[at] * H(old, 2 * size + j) : H(gated, 2 * size + j);
        h[at] = (1 - z) * std::tanh(Bound(X(x, 2 * size + j) + inner)) + z * old[at];
      }
    }
  }
};

struct Sizes {
  int64_t steps = 4, batch = 3, input = 2, hidden = 3;
};

// Y [steps, directions, batch, hidden], then the last states.
std::vector<Tensor> Naive(const Cell& like, const Sizes& s, const Tensor& x, int64_t directions,
                          bool reverse, const std::vector<int32_t>& lengths, const Tensor& h0) {
  Tensor y = Value(Tensor::Allocate(DType::kFloat32, {s.steps, directions, s.batch, s.hidden}));
  Tensor last = Value(Tensor::Allocate(DType::kFloat32, {directions, s.batch, s.hidden}));
  std::fill_n(y.As<float>().begin(), y.elements(), 0.0f);
  for (int64_t d = 0; d < directions; ++d)
    for (int64_t n = 0; n < s.batch; ++n) {
      Cell cell = like;
      cell.direction = d;
      const auto size = static_cast<size_t>(s.hidden);
      std::vector<double> h(size), c(size);
      LoadElements(h0.View(), (d * s.batch + n) * s.hidden, 1, s.hidden, h.data());
      const int64_t length = lengths[static_cast<size_t>(n)];
      for (int64_t step = 0; step < length; ++step) {
        const int64_t t = reverse || d == 1 ? length - 1 - step : step;
        std::vector<double> row(static_cast<size_t>(s.input));
        LoadElements(x.View(), (t * s.batch + n) * s.input, 1, s.input, row.data());
        cell.Step(row, h, c);
        StoreElements(h.data(), s.hidden, y.View(),
                      ((t * directions + d) * s.batch + n) * s.hidden);
      }
      if (length == 0) std::ranges::fill(h, 0);
      StoreElements(h.data(), s.hidden, last.View(), (d * s.batch + n) * s.hidden);
    }
  return {y, last};
}

Tensor Transposed(const Tensor& x, const std::vector<int64_t>& perm) {
  return RunOp("Transpose", {x}, {{"perm", perm}});
}

void CheckAgainstNaive(const std::string& op, const std::string& direction, Attributes attributes) {
  const Sizes s;
  const int64_t gates = op == "LSTM" ? 4 : op == "GRU" ? 3 : 1;
  const int64_t directions = direction == "bidirectional" ? 2 : 1;
  const int64_t width = gates * s.hidden;
  const Tensor x = RandomTensor(DType::kFloat32, {s.steps, s.batch, s.input}, 1);
  const Tensor w = RandomTensor(DType::kFloat32, {directions, width, s.input}, 2);
  const Tensor r = RandomTensor(DType::kFloat32, {directions, width, s.hidden}, 3);
  const Tensor b = RandomTensor(DType::kFloat32, {directions, 2 * width}, 4);
  const Tensor h0 = RandomTensor(DType::kFloat32, {directions, s.batch, s.hidden}, 5);
  const Tensor lengths = Make<int32_t>({s.batch}, {4, 0, 2});
  Cell cell{op, w, r, b, 0};
  if (attributes.contains("clip"))
    cell.clip = static_cast<double>(std::get<float>(attributes["clip"]));
  cell.linear = attributes.contains("linear_before_reset");
  cell.coupled = attributes.contains("input_forget");
  const auto want = Naive(cell, s, x, directions, direction == "reverse", {4, 0, 2}, h0);

  attributes["direction"] = direction;
  attributes["hidden_size"] = s.hidden;
  const std::vector<Tensor> inputs = {x, w, r, b, lengths, h0};
  const auto got = RunOpAll(op, inputs, {.attributes = attributes, .outputs = 2, .domain = {}});
  CheckClose(got[0], want[0]);
  CheckClose(got[1], want[1]);

  attributes["layout"] = int64_t{1};
  const auto batch_first =
      RunOpAll(op, {Transposed(x, {1, 0, 2}), w, r, b, lengths, Transposed(h0, {1, 0, 2})},
               {.attributes = attributes, .outputs = 2, .domain = {}});
  CheckClose(Transposed(batch_first[0], {1, 2, 0, 3}), want[0]);
  CheckClose(Transposed(batch_first[1], {1, 0, 2}), want[1]);
}

TEST_CASE("LSTM, GRU and RNN follow their equations in every direction") {
  for (const char* direction : {"forward", "reverse", "bidirectional"}) {
    CheckAgainstNaive("RNN", direction, {});
    CheckAgainstNaive("RNN", direction, {{"clip", 0.5f}});
    CheckAgainstNaive("GRU", direction, {});
    CheckAgainstNaive("GRU", direction, {{"linear_before_reset", int64_t{1}}});
    CheckAgainstNaive("LSTM", direction, {});
    CheckAgainstNaive("LSTM", direction, {{"clip", 0.4f}, {"input_forget", int64_t{1}}});
  }
}

TEST_CASE("Recurrent operators take other float types and named activations") {
  const Tensor x = Floats({1, 1, 1}, {2}), w = Floats({1, 1, 1}, {1}), r = Floats({1, 1, 1}, {0});
  const auto run = [&](const std::string& name, std::vector<float> alpha, std::vector<float> beta) {
    return LoadReal(RunOp("RNN", {x, w, r},
                          {{"activations", std::vector<std::string>{name}},
                           {"activation_alpha", std::move(alpha)},
                           {"activation_beta", std::move(beta)}})
                        .View(),
                    0);
  };
  CHECK(run("Affine", {3}, {1}) == 7);
  CHECK(run("relu", {}, {}) == 2);
  CHECK(run("ThresholdedRelu", {3}, {}) == 0);
  CHECK(run("HardSigmoid", {}, {}) == Catch::Approx(0.9));
  CHECK(run("Softsign", {}, {}) == Catch::Approx(2.0 / 3));
  for (DType dtype : {DType::kFloat16, DType::kFloat64}) {
    const auto cast = [&](const Tensor& t) {
      return RunOp("Cast", {t}, {{"to", static_cast<int64_t>(dtype)}});
    };
    const Tensor y = RunOp("RNN", {cast(x), cast(w), cast(r)});
    CHECK(y.dtype() == dtype);
    CHECK(LoadReal(y.View(), 0) == Catch::Approx(std::tanh(2.0)).epsilon(1e-3));
  }
}

TEST_CASE("Recurrent operators refuse what does not fit, and take nothing") {
  const Tensor x = Floats({1, 1, 2}, {1, 2}), w = Floats({1, 1, 2}, {1, 1});
  const Tensor r = Floats({1, 1, 1}, {1});
  CHECK(OpError("RNN", {x, r, r}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("RNN", {x, w, r}, {{"direction", std::string("up")}}) == ErrorCode::kInvalidModel);
  CHECK(OpError("RNN", {x, w, r}, {{"hidden_size", int64_t{2}}}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("RNN", {x, w, r}, {{"activations", std::vector<std::string>{"Tangent"}}}) ==
        ErrorCode::kInvalidModel);
  CHECK(OpError("RNN", {x, w, r, Tensor(), Make<int32_t>({1}, {2})}) ==
        ErrorCode::kInvalidArgument);
  const Tensor empty = Value(Tensor::Allocate(DType::kFloat32, {0, 1, 2}));
  const auto y = RunOpAll("RNN", {empty, w, r}, {.attributes = {}, .outputs = 2, .domain = {}});
  CHECK(y[0].dims() == Dims{0, 1, 1, 1});
  CheckClose(y[1], Floats({1, 1, 1}, {0}));
}

TEST_CASE("DynamicQuantizeLSTM stays close to the LSTM of its dequantized weights") {
  const Tensor x = RandomTensor(DType::kFloat32, {3, 2, 4}, 6);
  const Tensor w = RandomTensor(DType::kInt8, {1, 4, 8}, 7);
  const Tensor r = RandomTensor(DType::kInt8, {1, 2, 8}, 8);
  const Tensor scale = Floats({1}, {0.01f}), zero = Make<int8_t>({1}, {3});
  const auto real = [&](const Tensor& q) {
    return Transposed(RunOp("DequantizeLinear", {q, scale, zero}), {0, 2, 1});
  };
  const Tensor want = RunOp("LSTM", {x, real(w), real(r)}, {{"hidden_size", int64_t{2}}});
  const auto got = RunOpAll(
      "DynamicQuantizeLSTM",
      {x, w, r, Tensor(), Tensor(), Tensor(), Tensor(), Tensor(), scale, zero, scale, zero},
      {.attributes = {{"hidden_size", int64_t{2}}}, .outputs = 1, .domain = "com.microsoft"});
  CheckClose(got[0], want, 0.03);
}

}  // namespace
}  // namespace insitu::test
