// ConvTranspose and DeformConv against Conv; norms, unpooling and regions of interest against what
// they must give by definition.
#include <algorithm>

#include "naive_conv.h"
#include "support/run_op.h"

namespace insitu::test {
namespace {

using Ints = std::vector<int64_t>;

double Dot(const Tensor& a, const Tensor& b) {
  REQUIRE(a.dims() == b.dims());
  double sum = 0;
  for (int64_t i = 0; i < a.elements(); ++i) sum += LoadReal(a.View(), i) * LoadReal(b.View(), i);
  return sum;
}

Ints PermToLast(size_t rank) {
  Ints perm = {0};
  for (size_t i = 2; i < rank; ++i) perm.push_back(static_cast<int64_t>(i));
  perm.push_back(1);
  return perm;
}

TEST_CASE("ConvTranspose is the adjoint of Conv, in both layouts") {
  std::mt19937 random(11);
  for (int round = 0; round < 45; ++round) {
    const ConvCase c = RandomConvCase(random, 1 + static_cast<size_t>(round) % 3);
    const DType dtype = round % 4 == 0 ? DType::kFloat64 : DType::kFloat32;
    const Tensor x = RandomTensor(dtype, c.XDims(), random());
    const Tensor w = RandomTensor(dtype, c.WDims(), random());
    const Tensor g = RandomTensor(dtype, c.YDims(), random());
    Ints rest;  // what the stride leaves over at the end
    for (size_t i = 0; i < c.rank(); ++i)
      rest.push_back(
          (c.extent[i] + c.pads[i] + c.pads[i + c.rank()] - (c.kernel[i] - 1) * c.dilation[i] - 1) %
          c.stride[i]);
    Attributes attributes = c.Attrs();
    attributes["output_padding"] = rest;
    const Tensor y = RunOp("ConvTranspose", {g, w}, attributes);
    const double want = Dot(RunOp("Conv", {x, w}, c.Attrs()), g);
    REQUIRE(std::abs(Dot(x, y) - want) < 1e-3 * std::fmax(1, std::abs(want)));
    attributes["channels_last"] = int64_t{1};
    const Attributes to_last = {{"perm", PermToLast(c.rank() + 2)}};
    CheckClose(RunOp("ConvTranspose", {RunOp("Transpose", {g}, to_last), w}, attributes),
               RunOp("Transpose", {y}, to_last), 1e-6);
  }
}

TEST_CASE("ConvTranspose takes its pads from the output shape") {
  const Tensor x = Floats({1, 1, 3}, {1, 2, 3}), w = Floats({1, 1, 2}, {1, 10});
  const auto run = [&](Attributes attributes) {
    return RunOp("ConvTranspose", {x, w}, attributes);
  };
  CheckClose(run({}), Floats({1, 1, 4}, {1, 12, 23, 30}));
  CheckClose(run({{"output_shape", Ints{3}}}), Floats({1, 1, 3}, {12, 23, 30}));
  CheckClose(run({{"output_shape", Ints{3}}, {"auto_pad", std::string("SAME_UPPER")}}),
             Floats({1, 1, 3}, {1, 12, 23}));
  CheckClose(run({{"auto_pad", std::string("SAME_LOWER")}}), Floats({1, 1, 3}, {12, 23, 30}));
  CheckClose(run({{"output_shape", Ints{6}}}), Floats({1, 1, 6}, {1, 12, 23, 30, 0, 0}));
  CheckClose(run({{"strides", Ints{3}}, {"auto_pad", std::string("SAME_UPPER")}}),
             Floats({1, 1, 9}, {1, 10, 0, 2, 20, 0, 3, 30, 0}));
  const Tensor clamped =
      RunOp("ConvTranspose", {x, w, Floats({1}, {-20})}, {{"activation_min", 0.0f}});
  CheckClose(clamped, Floats({1, 1, 4}, {0, 0, 3, 10}));

  const auto error = [&](Attributes attributes) {
    return OpError("ConvTranspose", {x, w}, attributes);
  };
  CHECK(error({{"group", int64_t{0}}}) == ErrorCode::kInvalidModel);
  CHECK(error({{"group", int64_t{2}}}) == ErrorCode::kShapeMismatch);
  CHECK(error({{"output_padding", Ints{-1}}}) == ErrorCode::kInvalidModel);
  CHECK(error({{"output_shape", Ints{1, 3}}}) == ErrorCode::kInvalidModel);
  CHECK(error({{"pads", Ints{4, 4}}}) == ErrorCode::kShapeMismatch);
  CHECK(error({{"strides", Ints{int64_t{1} << 30}}, {"dilations", Ints{1 << 20}}}) ==
        ErrorCode::kLimitExceeded);
  CHECK(OpError("ConvTranspose", {x, Floats({2, 1, 2}, {1, 2, 3, 4})}) ==
        ErrorCode::kShapeMismatch);
  CHECK(OpError("ConvTranspose", {x, w, Floats({2}, {0, 0})}) == ErrorCode::kShapeMismatch);
}

TEST_CASE("DeformConv without offsets is Conv, with whole ones a shifted Conv") {
  std::mt19937 random(12);
  for (int round = 0; round < 30; ++round) {
    const ConvCase c = RandomConvCase(random, 1 + static_cast<size_t>(round) % 3);
    const Tensor x = RandomTensor(DType::kFloat32, c.XDims(), random());
    const Tensor w = RandomTensor(DType::kFloat32, c.WDims(), random());
    const auto rank = static_cast<int64_t>(c.rank());
    Dims dims = c.YDims();
    dims[1] = c.groups * ElementsUnchecked(c.kernel) * rank;
    Tensor offset = Value(Tensor::Allocate(DType::kFloat32, dims));
    std::ranges::fill(offset.As<float>(), 0.0f);
    Attributes attributes = c.Attrs();
    attributes["offset_group"] = c.groups;
    CheckClose(RunOp("DeformConv", {x, w, offset}, attributes), RunOp("Conv", {x, w}, c.Attrs()));
  }
  const Tensor x = RandomTensor(DType::kFloat32, {1, 2, 4, 4}, 1);
  const Tensor w = RandomTensor(DType::kFloat32, {3, 2, 2, 2}, 2);
  Tensor offset = Value(Tensor::Allocate(DType::kFloat32, {1, 8, 5, 5}));
  Tensor mask = Value(Tensor::Allocate(DType::kFloat32, {1, 4, 5, 5}));
  for (size_t i = 0; i < offset.As<float>().size(); ++i)
    offset.As<float>()[i] = i / 25 % 2 == 0 ? 1.0f : -1.0f;
  std::ranges::fill(mask.As<float>(), 0.5f);
  const Tensor shifted = RunOp("Conv", {x, w}, {{"pads", Ints{0, 2, 2, 0}}});
  const Tensor half = RunOp("Mul", {shifted, Floats({}, {0.5f})});
  const Attributes pads = {{"pads", Ints{1, 1, 1, 1}}};
  CheckClose(RunOp("DeformConv", {x, w, offset, Tensor(), mask}, pads), half);
  offset.As<float>()[0] = NAN;
  CHECK(RunOp("DeformConv", {x, w, offset}, pads).dims() == Dims{1, 3, 5, 5});
  CHECK(OpError("DeformConv", {x, w, mask}, pads) == ErrorCode::kShapeMismatch);
  CHECK(OpError("DeformConv", {x, w, offset}, {{"offset_group", int64_t{0}}}) ==
        ErrorCode::kInvalidModel);
  CHECK(OpError("DeformConv", {x, w, offset}) == ErrorCode::kShapeMismatch);
}

TEST_CASE("LpPool sums powers over windows") {
  const Tensor x = RandomTensor(DType::kFloat32, {2, 2, 5, 6}, 4);
  const Attributes window = {{"kernel_shape", Ints{2, 3}},
                             {"strides", Ints{2, 1}},
                             {"pads", Ints{1, 0, 0, 2}},
                             {"dilations", Ints{1, 2}},
                             {"ceil_mode", int64_t{1}}};
  Attributes average = window;
  average["count_include_pad"] = int64_t{1};
  for (int64_t p : {1, 2, 3}) {
    const Tensor power = Floats({}, {static_cast<float>(p)});
    const Tensor mean = RunOp("AveragePool", {RunOp("Pow", {RunOp("Abs", {x}), power})}, average);
    const Tensor want = RunOp(
        "Pow", {RunOp("Mul", {mean, Floats({}, {6})}), Floats({}, {1 / static_cast<float>(p)})});
    Attributes norm = window;
    norm["p"] = p;
    CheckClose(RunOp("LpPool", {x}, norm), want);
  }
  CheckClose(RunOp("GlobalLpPool", {Floats({1, 2, 2}, {3, -4, 0, 5})}), Floats({1, 2, 1}, {5, 5}));
  CHECK(OpError("LpPool", {x}, {{"kernel_shape", Ints{2, 3}}, {"p", int64_t{0}}}) ==
        ErrorCode::kInvalidModel);
}

TEST_CASE("MaxUnpool puts back what MaxPool took") {
  const Tensor x = RandomTensor(DType::kFloat32, {2, 3, 4, 6}, 6);
  const Attributes window = {{"kernel_shape", Ints{2, 3}}, {"strides", Ints{2, 3}}};
  const auto pooled = RunOpAll("MaxPool", {x}, {.attributes = window, .outputs = 2, .domain = {}});
  const Tensor y = RunOp("MaxUnpool", pooled, window);
  REQUIRE(y.dims() == x.dims());
  int64_t kept = 0;
  for (int64_t i = 0; i < y.elements(); ++i) {
    const double value = LoadReal(y.View(), i);
    if (value == 0) continue;
    CHECK(value == LoadReal(x.View(), i));
    ++kept;
  }
  CHECK(kept == pooled[0].elements());
  CHECK(OpError("MaxUnpool", {Floats({1, 1, 1}, {1}), Make<int64_t>({1, 1, 1}, {2})},
                {{"kernel_shape", Ints{2}}}) == ErrorCode::kInvalidArgument);
  CHECK(OpError("MaxUnpool", {pooled[0], pooled[1], Longs({2, 3, 3, 6})}, window) ==
        ErrorCode::kShapeMismatch);
}

TEST_CASE("Regions of interest are checked, cut to the image and pooled") {
  Tensor x = Value(Tensor::Allocate(DType::kFloat32, {1, 1, 8, 8}));
  for (size_t i = 0; i < 64; ++i)
    x.As<float>()[i] = static_cast<float>(i % 8) + 10 * static_cast<float>(i / 8);
  const Tensor image = Longs({0});
  // The mean of a plane is its value in the middle.
  CheckClose(RunOp("RoiAlign", {x, Floats({1, 4}, {2, 1, 6, 4}), image}),
             Floats({1, 1, 1, 1}, {3.5f + 20}));
  CheckClose(RunOp("RoiAlign", {x, Floats({1, 4}, {-900, -900, -800, -800}), image}),
             Floats({1, 1, 1, 1}, {0}));
  CHECK(RunOp("RoiAlign", {x, Floats({1, 4}, {-1e8f, -1e8f, 1e8f, 1e8f}), image}).elements() == 1);
  CHECK(RunOp("RoiAlign", {x, Floats({0, 4}, {}), Longs({})}).dims() == Dims{0, 1, 1, 1});
  CHECK(OpError("RoiAlign", {x, Floats({1, 4}, {0, 0, 1, 1}), Longs({1})}) ==
        ErrorCode::kInvalidArgument);
  CHECK(OpError("RoiAlign", {x, Floats({1, 4}, {0, 0, NAN, 1}), image}) ==
        ErrorCode::kInvalidArgument);
  CHECK(OpError("RoiAlign", {x, Floats({1, 5}, {0, 0, 0, 1, 1}), image}) ==
        ErrorCode::kShapeMismatch);
  CHECK(OpError("RoiAlign", {x, Floats({1, 4}, {0, 0, 1, 1}), image},
                {{"sampling_ratio", int64_t{-1}}}) == ErrorCode::kInvalidModel);

  const Attributes square = {{"pooled_shape", Ints{2, 2}}};
  CheckClose(RunOp("MaxRoiPool", {x, Floats({1, 5}, {0, 0, 0, 3, 3})}, square),
             Floats({1, 1, 2, 2}, {11, 13, 31, 33}));
  CheckClose(RunOp("MaxRoiPool", {x, Floats({1, 5}, {0, 6, 6, 9, 9})}, square),
             Floats({1, 1, 2, 2}, {77, 0, 0, 0}));
  CHECK(OpError("MaxRoiPool", {x, Floats({1, 5}, {2, 0, 0, 3, 3})}, square) ==
        ErrorCode::kInvalidArgument);
  CHECK(OpError("MaxRoiPool", {x, Floats({1, 4}, {0, 0, 3, 3})}, square) ==
        ErrorCode::kShapeMismatch);
  CHECK(OpError("MaxRoiPool", {x, Floats({1, 5}, {0, 0, 0, 3, 3})},
                {{"pooled_shape", Ints{0, 2}}}) == ErrorCode::kInvalidModel);
}

}  // namespace
}  // namespace insitu::test
