// QLinearConv and ConvInteger: exact against the formula, over zero points at the extremes,
// saturating outputs, per-channel scales, all sign combinations and both layouts.
#include "naive_conv.h"

namespace insitu::test {
namespace {

Tensor Byte(DType type, int64_t value) {
  Tensor tensor = Value(Tensor::Allocate(type, {}));
  StoreElements(&value, 1, tensor.View(), 0);
  return tensor;
}

int64_t At(const Tensor& tensor, int64_t i) { return LoadInteger(tensor.View(), i); }

// An extreme or middling zero point of the type.
int64_t PickZero(DType type, std::mt19937& random) {
  const int64_t low = type == DType::kInt8 ? -128 : 0;
  const int64_t offsets[] = {0, 255, 128, 3};
  return low + offsets[random() % 4];
}

DType PickType(std::mt19937& random) { return random() % 2 ? DType::kInt8 : DType::kUint8; }

int64_t Requantized(int32_t sum, float sx, float sw, float sy, int64_t zero, DType type) {
  const float product = sx * sw;
  const float factor = product / sy;
  const float scaled = static_cast<float>(sum) * factor;
  const double rounded = std::nearbyint(static_cast<double>(scaled)) + static_cast<double>(zero);
  const double low = type == DType::kInt8 ? -128 : 0;
  return static_cast<int64_t>(std::min(std::max(rounded, low), low + 255));
}

TEST_CASE("QLinearConv is bit exact for random shapes, types and zero points") {
  std::mt19937 random(11);
  int64_t saturated = 0, inside = 0;
  for (int round = 0; round < 80; ++round) {
    const ConvCase c = RandomConvCase(random, 1 + static_cast<size_t>(round) % 3);
    const DType xt = PickType(random), wt = PickType(random), yt = PickType(random);
    const int64_t xz = PickZero(xt, random), yz = PickZero(yt, random);
    const int64_t filters = c.groups * c.filters;
    const Tensor x = RandomTensor(xt, c.XDims(), random());
    const Tensor w = RandomTensor(wt, c.WDims(), random());
    const bool per_channel = random() % 2;
    const Dims channel_dims = per_channel ? Dims{filters} : Dims{};
    Tensor sw = RandomTensor(DType::kFloat32, channel_dims, random());
    for (float& scale : sw.As<float>()) scale = 0.001f + 0.01f * std::abs(scale);
    Tensor wz = Value(Tensor::Allocate(wt, channel_dims));
    for (int64_t i = 0; i < wz.elements(); ++i) {
      const int64_t zero = PickZero(wt, random);
      StoreElements(&zero, 1, wz.View(), i);
    }
    const float sx = 0.02f, sy = round % 4 == 0 ? 0.0005f : 0.07f;
    Tensor bias = RandomTensor(DType::kInt32, {filters}, random());
    const std::vector<Tensor> inputs = {x,  Floats({}, {sx}), Byte(xt, xz), w,   sw,
                                        wz, Floats({}, {sy}), Byte(yt, yz), bias};
    const Tensor y = RunOp("QLinearConv", inputs, c.Attrs());
    const auto sums = NaiveConv(c, [&](int64_t i, int64_t j) {
      const int64_t filter = Unflat(c.WDims(), j)[0];
      return static_cast<double>((At(x, i) - xz) * (At(w, j) - At(wz, per_channel ? filter : 0)));
    });
    for (int64_t i = 0; i < y.elements(); ++i) {
      const int64_t filter = Unflat(y.dims(), i)[1];
      const auto sum = static_cast<int32_t>(sums[static_cast<size_t>(i)]) +
                       bias.As<int32_t>()[static_cast<size_t>(filter)];
      const float scale = sw.As<float>()[per_channel ? static_cast<size_t>(filter) : 0];
      const int64_t want = Requantized(sum, sx, scale, sy, yz, yt);
      REQUIRE(At(y, i) == want);
      const int64_t low = yt == DType::kInt8 ? -128 : 0;
      (want == low || want == low + 255 ? saturated : inside) += 1;
    }
    const Tensor sums_only = RunOp("ConvInteger", {x, w, Byte(xt, xz), wz}, c.Attrs());
    for (int64_t i = 0; i < y.elements(); ++i)
      REQUIRE(At(sums_only, i) == static_cast<int64_t>(sums[static_cast<size_t>(i)]));

    if (c.rank() != 2) continue;
    Attributes last = c.Attrs();
    last["channels_last"] = int64_t{1};
    std::vector<Tensor> moved = inputs;
    moved[0] = RunOp("Transpose", {x}, {{"perm", std::vector<int64_t>{0, 2, 3, 1}}});
    const Tensor back = RunOp("Transpose", {RunOp("QLinearConv", moved, last)},
                              {{"perm", std::vector<int64_t>{0, 3, 1, 2}}});
    CheckClose(back, y, 0);
  }
  CHECK(saturated > 100);
  CHECK(inside > 100);
}

TEST_CASE("QLinearConv rounds halves to even and clamps in output steps") {
  const Tensor x = Make<int8_t>({1, 1, 6}, {1, 3, 5, -1, -3, 127});
  const auto run = [&](Attributes attributes) {
    return RunOp("QLinearConv",
                 {x, Floats({}, {1}), Byte(DType::kInt8, 0), Make<int8_t>({1, 1, 1}, {1}),
                  Floats({}, {1}), Byte(DType::kInt8, 0), Floats({}, {2}), Byte(DType::kInt8, 0)},
                 attributes);
  };
  CheckClose(run({}), Make<int8_t>({1, 1, 6}, {0, 2, 2, 0, -2, 64}));
  CheckClose(run({{"activation_min", 1.0f}, {"activation_max", 10.0f}}),
             Make<int8_t>({1, 1, 6}, {1, 2, 2, 1, 1, 10}));
}

TEST_CASE("QLinearConv refuses scales that are no scales, and types that are not bytes") {
  const Tensor x = Make<uint8_t>({1, 1, 2}, {1, 2}), w = Make<int8_t>({1, 1, 1}, {1});
  const auto code = [&](Tensor x_scale, Tensor x_zero, Tensor bias) {
    return OpError("QLinearConv", {x, x_scale, x_zero, w, Floats({}, {1}), Byte(DType::kInt8, 0),
                                   Floats({}, {1}), Byte(DType::kUint8, 0), bias});
  };
  const Tensor one = Floats({}, {1}), zero = Byte(DType::kUint8, 0);
  CHECK(code(Floats({}, {0}), zero, {}) == ErrorCode::kInvalidModel);
  CHECK(code(Floats({}, {NAN}), zero, {}) == ErrorCode::kInvalidModel);
  CHECK(code(Floats({2}, {1, 1}), zero, {}) == ErrorCode::kShapeMismatch);
  CHECK(code(one, Byte(DType::kInt8, 0), {}) == ErrorCode::kInvalidModel);
  CHECK(code(one, zero, Make<int32_t>({2}, {1, 2})) == ErrorCode::kShapeMismatch);
}

}  // namespace
}  // namespace insitu::test
