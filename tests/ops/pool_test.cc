// Pools, float and quantized, and BatchNormalization: against plain loops over random windows.
#include "support/run_op.h"

namespace insitu::test {
namespace {

using Ints = std::vector<int64_t>;

struct PoolCase {
  int64_t height = 5, width = 6;
  Ints kernel, stride, dilation, pads;
  bool ceil_mode = false, include_pad = false;

  Attributes Attrs(bool average) const {
    Attributes a = {{"kernel_shape", kernel},
                    {"strides", stride},
                    {"dilations", dilation},
                    {"pads", pads},
                    {"ceil_mode", int64_t{ceil_mode}}};
    if (average) a["count_include_pad"] = int64_t{include_pad};
    return a;
  }
  int64_t Output(size_t axis) const {
    const int64_t in = axis == 0 ? height : width;
    const int64_t room = in + pads[axis] + pads[axis + 2] - (kernel[axis] - 1) * dilation[axis] - 1;
    int64_t out = (ceil_mode ? (room + stride[axis] - 1) / stride[axis] : room / stride[axis]) + 1;
    if (ceil_mode && (out - 1) * stride[axis] >= in + pads[axis]) --out;
    return out;
  }
  // What a mean is divided by.
  int64_t Counted(const std::vector<int64_t>& taps) const {
    return include_pad ? kernel[0] * kernel[1] : static_cast<int64_t>(taps.size());
  }
  // Offsets inside one image that a window covers.
  std::vector<int64_t> Taps(int64_t oh, int64_t ow) const {
    std::vector<int64_t> taps;
    for (int64_t kh = 0; kh < kernel[0]; ++kh)
      for (int64_t kw = 0; kw < kernel[1]; ++kw) {
        const int64_t h = oh * stride[0] + kh * dilation[0] - pads[0];
        const int64_t w = ow * stride[1] + kw * dilation[1] - pads[1];
        if (h >= 0 && h < height && w >= 0 && w < width) taps.push_back(h * width + w);
      }
    return taps;
  }
};

PoolCase RandomPool(std::mt19937& random) {
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  PoolCase c;
  for (int i = 0; i < 2; ++i) {
    c.kernel.push_back(pick(1, 3));
    c.stride.push_back(pick(1, 3));
    c.dilation.push_back(pick(1, 2));
  }
  for (size_t i = 0; i < 4; ++i) c.pads.push_back(pick(0, c.kernel[i % 2] - 1));
  c.ceil_mode = pick(0, 1) != 0;
  c.include_pad = pick(0, 1) != 0;
  return c;
}

Tensor ToLast(const Tensor& x) { return RunOp("Transpose", {x}, {{"perm", Ints{0, 2, 3, 1}}}); }

TEST_CASE("MaxPool and AveragePool equal plain loops over random windows, in both layouts") {
  std::mt19937 random(13);
  for (int round = 0; round < 60; ++round) {
    const PoolCase c = RandomPool(random);
    const Tensor x = RandomTensor(DType::kFloat32, {2, 3, c.height, c.width}, random());
    const Tensor q =
        RandomTensor(round % 2 ? DType::kInt8 : DType::kUint8, {2, 3, c.height, c.width}, random());
    const auto max =
        RunOpAll("MaxPool", {x}, {.attributes = c.Attrs(false), .outputs = 2, .domain = {}});
    const Tensor q_max = RunOp("MaxPool", {q}, c.Attrs(false));
    const Tensor mean = RunOp("AveragePool", {x}, c.Attrs(true));
    const int64_t rows = c.Output(0), columns = c.Output(1);
    REQUIRE(max[0].dims() == Dims{2, 3, rows, columns});
    REQUIRE(mean.dims() == max[0].dims());
    for (int64_t i = 0; i < mean.elements(); ++i) {
      const int64_t image = i / (rows * columns) * c.height * c.width;
      const auto taps = c.Taps(i / columns % rows, i % columns);
      if (taps.empty()) continue;
      double best = -INFINITY, sum = 0;
      int64_t at = 0, q_best = -1000;
      for (int64_t tap : taps) {
        const double value = LoadReal(x.View(), image + tap);
        if (value > best) at = image + tap;
        best = std::max(best, value);
        sum += value;
        q_best = std::max(q_best, LoadInteger(q.View(), image + tap));
      }
      const auto count = static_cast<double>(c.Counted(taps));
      REQUIRE(LoadReal(max[0].View(), i) == best);
      REQUIRE(LoadInteger(max[1].View(), i) == at);
      REQUIRE(LoadInteger(q_max.View(), i) == q_best);
      REQUIRE(std::abs(LoadReal(mean.View(), i) - sum / count) < 1e-6);
    }
    Attributes last = c.Attrs(false);
    last["channels_last"] = int64_t{1};
    CheckClose(RunOp("MaxPool", {ToLast(x)}, last), ToLast(max[0]), 0);
  }
}

TEST_CASE("MaxPool gives indices in column-major order when asked") {
  const Tensor x = Floats({1, 1, 2, 3}, {1, 2, 9, 4, 5, 6});
  const auto y =
      RunOpAll("MaxPool", {x},
               {.attributes = {{"kernel_shape", Ints{2, 3}}, {"storage_order", int64_t{1}}},
                .outputs = 2,
                .domain = {}});
  CheckClose(y[1], Make<int64_t>({1, 1, 1, 1}, {4}));
}

TEST_CASE("Pools over everything") {
  const Tensor x = Floats({1, 2, 2, 2}, {1, 2, 3, 4, -1, -2, -3, -6});
  CheckClose(RunOp("GlobalAveragePool", {x}), Floats({1, 2, 1, 1}, {2.5f, -3}));
  CheckClose(RunOp("GlobalMaxPool", {x}), Floats({1, 2, 1, 1}, {4, -1}));
  CheckClose(RunOp("GlobalAveragePool", {ToLast(x)}, {{"channels_last", int64_t{1}}}),
             Floats({1, 1, 1, 2}, {2.5f, -3}));
  CheckClose(RunOp("GlobalMaxPool", {Make<int8_t>({1, 1, 2}, {-128, -100})}),
             Make<int8_t>({1, 1, 1}, {-100}));
}

Tensor Mean(const std::string& op, const Tensor& x, float sx, Tensor zx, float sy, Tensor zy,
            Attributes attributes = {}) {
  return RunOpAll(op, {x, Floats({}, {sx}), zx, Floats({}, {sy}), zy},
                  {.attributes = std::move(attributes), .domain = "com.microsoft"})
      .front();
}

TEST_CASE("Quantized means follow their formula and stay within a step of the float chain") {
  std::mt19937 random(17);
  for (int round = 0; round < 60; ++round) {
    const PoolCase c = RandomPool(random);
    const Tensor x = RandomTensor(DType::kUint8, {1, 2, c.height, c.width}, random());
    const auto zx = static_cast<uint8_t>(random()), zy = static_cast<uint8_t>(random());
    const float sx = 0.05f, sy = round % 3 == 0 ? sx : 0.03f;
    const Tensor y = Mean("QLinearAveragePool", x, sx, Make<uint8_t>({}, {zx}), sy,
                          Make<uint8_t>({}, {zy}), c.Attrs(true));
    const Tensor real = RunOp("DequantizeLinear", {x, Floats({}, {sx}), Make<uint8_t>({}, {zx})});
    const Tensor chain = RunOp("QuantizeLinear", {RunOp("AveragePool", {real}, c.Attrs(true)),
                                                  Floats({}, {sy}), Make<uint8_t>({}, {zy})});
    REQUIRE(chain.dims() == y.dims());
    for (int64_t i = 0; i < y.elements(); ++i) {
      int64_t sum = 0;
      const int64_t columns = c.Output(1), rows = c.Output(0);
      const auto taps = c.Taps(i / columns % rows, i % columns);
      for (int64_t tap : taps)
        sum += LoadInteger(x.View(), i / (rows * columns) * c.height * c.width + tap) - zx;
      const int64_t count = c.Counted(taps);
      const float share = count > 0 ? 1.0f / static_cast<float>(count) : 0.0f, ratio = sx / sy;
      const float factor = ratio * share, value = static_cast<float>(sum) * factor;
      const double want = std::min(255.0, std::max(0.0, std::nearbyint(value) + double(zy)));
      REQUIRE(LoadReal(y.View(), i) == want);
      REQUIRE(std::abs(LoadReal(chain.View(), i) - want) <= 1);
    }
    const Tensor global = Mean("QLinearGlobalAveragePool", ToLast(x), sx, Make<uint8_t>({}, {zx}),
                               sy, Make<uint8_t>({}, {zy}), {{"channels_last", int64_t{1}}});
    Attributes whole = {{"kernel_shape", Ints{c.height, c.width}}};
    CheckClose(global,
               ToLast(Mean("QLinearAveragePool", x, sx, Make<uint8_t>({}, {zx}), sy,
                           Make<uint8_t>({}, {zy}), whole)),
               0);
  }
}

TEST_CASE("Pools refuse damaged windows") {
  const Tensor x = RandomTensor(DType::kFloat32, {1, 1, 4, 4}, 1);
  CHECK(OpError("MaxPool", {x}) == ErrorCode::kInvalidModel);
  CHECK(OpError("MaxPool", {x}, {{"kernel_shape", Ints{2}}}) == ErrorCode::kInvalidModel);
  CHECK(OpError("MaxPool", {x}, {{"kernel_shape", Ints{0, 2}}}) == ErrorCode::kInvalidModel);
  CHECK(OpError("AveragePool", {x}, {{"kernel_shape", Ints{5, 2}}}) == ErrorCode::kShapeMismatch);
  const int64_t huge = int64_t{1} << 29;
  CHECK(OpError("AveragePool", {x},
                {{"kernel_shape", Ints{huge, huge}},
                 {"pads", Ints{huge, huge, huge, huge}},
                 {"count_include_pad", int64_t{1}}}) == ErrorCode::kInvalidModel);
  CHECK(OpError("GlobalAveragePool", {Floats({2}, {1, 2})}) == ErrorCode::kShapeMismatch);
}

TEST_CASE("BatchNormalization normalises per channel, in both layouts") {
  const Tensor x = RandomTensor(DType::kFloat32, {2, 3, 2, 4}, 1);
  const Tensor scale = Floats({3}, {1, 2, 3}), shift = Floats({3}, {4, 5, 6}),
               mean = Floats({3}, {0, 1, -1}), variance = Floats({3}, {1, 4, 0.25f});
  const Attributes epsilon = {{"epsilon", 0.5f}};
  const Tensor y = RunOp("BatchNormalization", {x, scale, shift, mean, variance}, epsilon);
  for (int64_t i = 0; i < x.elements(); ++i) {
    const int64_t c = i / 8 % 3;
    const double want = (LoadReal(x.View(), i) - LoadReal(mean.View(), c)) /
                            std::sqrt(LoadReal(variance.View(), c) + 0.5) *
                            LoadReal(scale.View(), c) +
                        LoadReal(shift.View(), c);
    REQUIRE(std::abs(LoadReal(y.View(), i) - want) < 1e-5);
  }
  const Tensor last = RunOp("BatchNormalization", {ToLast(x), scale, shift, mean, variance},
                            {{"epsilon", 0.5f}, {"channels_last", int64_t{1}}});
  CheckClose(last, ToLast(y), 0);
  CHECK(OpError("BatchNormalization", {x, Floats({2}, {1, 2}), shift, mean, variance}) ==
        ErrorCode::kShapeMismatch);
}

}  // namespace
}  // namespace insitu::test
