// Resize and the operators that sample or place images: what the conformance cases leave out.
#include <limits>

#include "support/run_op.h"

namespace insitu::test {
namespace {

using Ints = std::vector<int64_t>;

Tensor Scales(std::initializer_list<float> values) {
  return Floats({static_cast<int64_t>(values.size())}, values);
}

Tensor ByScales(const Tensor& x, const Tensor& scales, Attributes attributes) {
  return RunOp("Resize", {x, Tensor(), scales}, std::move(attributes));
}
Tensor BySizes(const Tensor& x, const Tensor& sizes, Attributes attributes) {
  return RunOp("Resize", {x, Tensor(), Tensor(), sizes}, std::move(attributes));
}

const Attributes kLinear = {{"mode", std::string("linear")}};
const Attributes kCubic = {{"mode", std::string("cubic")}};

TEST_CASE("Resize copies elements of any type to the nearest") {
  CheckClose(ByScales(Strings({2}, {"a", "b"}), Scales({2}), {}),
             Strings({4}, {"a", "a", "b", "b"}));
  CheckClose(ByScales(Make<int64_t>({1, 3}, {1, std::numeric_limits<int64_t>::max(), 3}),
                      Scales({2, 1}), {{"axes", Ints{0, -1}}}),
             Make<int64_t>({2, 3}, {1, std::numeric_limits<int64_t>::max(), 3, 1,
                                    std::numeric_limits<int64_t>::max(), 3}));
  // Old models: down when enlarging, up when shrinking, axis by axis.
  CheckClose(ByScales(Make<uint8_t>({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}), Scales({2, 0.75f}),
                      {{"coordinate_transformation_mode", std::string("asymmetric")},
                       {"nearest_mode", std::string("floor_or_ceil")}}),
             Make<uint8_t>({4, 3}, {1, 3, 4, 1, 3, 4, 5, 7, 8, 5, 7, 8}));
}

TEST_CASE("Resize keeps a constant image whatever the mode, also of integers") {
  for (const char* mode : {"nearest", "linear", "cubic"})
    for (const char* coordinates : {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
                                    "align_corners", "asymmetric"})
      for (int64_t antialias : {0, 1})
        for (DType dtype : {DType::kUint8, DType::kInt32, DType::kFloat16, DType::kFloat64}) {
          Tensor x = Value(Tensor::Allocate(dtype, {1, 2, 5, 3}));
          const int64_t three = 3;
          for (int64_t i = 0; i < x.elements(); ++i) StoreElements(&three, 1, x.View(), i);
          const Tensor y = BySizes(x, Longs({4, 11}),
                                   {{"mode", std::string(mode)},
                                    {"coordinate_transformation_mode", std::string(coordinates)},
                                    {"antialias", antialias * (mode[0] != 'n')},
                                    {"axes", Ints{2, 3}}});
          REQUIRE(y.dims() == Dims{1, 2, 4, 11});
          for (int64_t i = 0; i < y.elements(); ++i)
            REQUIRE(std::abs(LoadReal(y.View(), i) - 3) < 1e-3);
        }
}

TEST_CASE("Resize interpolates between pixel centres") {
  CheckClose(ByScales(Floats({1, 2}, {0, 4}), Scales({1, 2}), kLinear),
             Floats({1, 4}, {0, 1, 3, 4}));
  CheckClose(ByScales(Make<int8_t>({2}, {0, -7}), Scales({2}), kLinear),
             Make<int8_t>({4}, {0, -1, -5, -7}));
  // The middle of four equally spaced values, seen by a symmetric kernel.
  CheckClose(BySizes(Floats({4}, {1, 2, 3, 4}), Longs({1}), kCubic), Floats({1}, {2.5f}));
}

TEST_CASE("Resize along the last axes of channels-last data is the same") {
  const Tensor x = RandomTensor(DType::kFloat32, {2, 3, 5, 4}, 3);
  for (const Attributes& mode : {kLinear, kCubic, Attributes{}}) {
    const Tensor y = ByScales(x, Scales({1, 1, 1.5f, 0.6f}), mode);
    Attributes last = mode;
    last["axes"] = Ints{0, 3, 1, 2};
    const Tensor z = ByScales(RunOp("Transpose", {x}, {{"perm", Ints{0, 2, 3, 1}}}),
                              Scales({1, 1, 1.5f, 0.6f}), last);
    CheckClose(RunOp("Transpose", {z}, {{"perm", Ints{0, 3, 1, 2}}}), y, 1e-6);
  }
}

TEST_CASE("Resize refuses what it cannot do") {
  const Tensor x = Floats({2, 2}, {1, 2, 3, 4});
  CHECK(ByScales(Floats({0, 2}, {}), Scales({3, 2}), {}).dims() == Dims{0, 4});
  CHECK(BySizes(x, Longs({0, 2}), kLinear).dims() == Dims{0, 2});
  CHECK(OpError("Resize", {x}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Resize", {x, Tensor(), Scales({1, 1}), Longs({2, 2})}) ==
        ErrorCode::kInvalidModel);
  CHECK(OpError("Resize", {x, Tensor(), Scales({1, 0})}) == ErrorCode::kInvalidArgument);
  CHECK(OpError("Resize", {x, Tensor(), Scales({1, NAN})}) == ErrorCode::kInvalidArgument);
  CHECK(OpError("Resize", {x, Tensor(), Scales({1})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Resize", {x, Tensor(), Tensor(), Longs({2, -1})}) == ErrorCode::kInvalidArgument);
  CHECK(OpError("Resize", {Floats({0, 1}, {}), Tensor(), Tensor(), Longs({2, 1})}) ==
        ErrorCode::kInvalidArgument);
  CHECK(OpError("Resize", {x, Tensor(), Tensor(), Longs({int64_t{1} << 40, 2})}) ==
        ErrorCode::kLimitExceeded);
  CHECK(OpError("Resize", {x, Tensor(), Scales({1, 1})}, {{"mode", std::string("area")}}) ==
        ErrorCode::kInvalidModel);
  CHECK(OpError("Resize", {x, Tensor(), Scales({1, 1})}, {{"axes", Ints{0, 0}}}) ==
        ErrorCode::kInvalidModel);
  CHECK(OpError("Resize", {Strings({1}, {"a"}), Tensor(), Scales({1})}, kLinear) ==
        ErrorCode::kUnsupportedType);
}

TEST_CASE("Resize scales symbolic extents exactly where it can") {
  Graph graph;
  const Dim h = Dim::Symbol("h"), w = Dim::Symbol("w");
  const ValueId x = graph.AddValue({"x", {DType::kFloat32, Shape{h, w}}, {}, {}});
  const auto shape_by = [&](Tensor scales) {
    const ValueId s = graph.AddConstant("s", std::move(scales));
    const ValueId y = graph.AddValue({"y", {}, {}, {}});
    Check(InferNode(graph, graph.AddNode({"n", "", "Resize", {x, kNoValue, s}, {y}, {}, false})));
    return *graph.value(y).type.shape;
  };
  const Shape shape = shape_by(Scales({2, 0.5f}));
  CHECK(shape[0] == h * Dim(2));
  CHECK(shape[1].ToString() == FloorDiv(w, 2).ToString());
  CHECK(shape_by(Scales({1, 0.3f}))[1].IsUnknown());
}

TEST_CASE("GridSample reads where the grid says, whatever stands there") {
  const Tensor x = Floats({1, 1, 2, 2}, {1, 2, 3, 4});
  const Tensor grid = Floats({1, 1, 4, 2}, {0, 0, NAN, 0, INFINITY, -INFINITY, 1e30f, 1});
  for (const char* mode : {"linear", "nearest", "cubic"})
    for (const char* padding : {"zeros", "border", "reflection"}) {
      const Tensor y = RunOp("GridSample", {x, grid},
                             {{"mode", std::string(mode)}, {"padding_mode", std::string(padding)}});
      CHECK(y.dims() == Dims{1, 1, 1, 4});
      if (mode[0] == 'l') CHECK(std::abs(LoadReal(y.View(), 0) - 2.5) < 1e-6);
      if (padding[0] == 'z')
        for (int64_t i = 1; i < 4; ++i) CHECK(LoadReal(y.View(), i) == 0);
    }
  CheckClose(RunOp("GridSample", {x, Floats({1, 1, 1, 2}, {INFINITY, -INFINITY})},
                   {{"padding_mode", std::string("border")}}),
             Floats({1, 1, 1, 1}, {2}));
  // A corner of a volume, and one axis.
  CheckClose(
      RunOp("GridSample", {Floats({1, 1, 2, 1, 1}, {5, 9}), Floats({1, 1, 1, 1, 3}, {0, 0, 1})},
            {{"align_corners", int64_t{1}}}),
      Floats({1, 1, 1, 1, 1}, {9}));
  CheckClose(RunOp("GridSample", {Make<uint8_t>({1, 1, 3}, {5, 9, 11}), Floats({1, 2, 1}, {-1, 0})},
                   {{"mode", std::string("nearest")}, {"align_corners", int64_t{1}}}),
             Make<uint8_t>({1, 1, 2}, {5, 9}));
  CHECK(RunOp("GridSample", {x, Floats({1, 0, 3, 2}, {})}).dims() == Dims{1, 1, 0, 3});
  CHECK(OpError("GridSample", {x, Floats({1, 1, 1, 3}, {0, 0, 0})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("GridSample", {Floats({1, 1, 0, 2}, {}), Floats({1, 1, 1, 2}, {0, 0})}) ==
        ErrorCode::kShapeMismatch);
  CHECK(OpError("GridSample", {x, grid}, {{"mode", std::string("area")}}) ==
        ErrorCode::kInvalidModel);
}

TEST_CASE("AffineGrid of the identity is the grid of GridSample") {
  const Tensor theta = Floats({1, 2, 3}, {1, 0, 0, 0, 1, 0});
  const Tensor x = RandomTensor(DType::kFloat32, {1, 2, 3, 4}, 9);
  for (int64_t align_corners : {0, 1}) {
    const Attributes attributes = {{"align_corners", align_corners}};
    const Tensor grid = RunOp("AffineGrid", {theta, Longs({1, 2, 3, 4})}, attributes);
    CheckClose(RunOp("GridSample", {x, grid}, attributes), x);
  }
  CheckClose(RunOp("AffineGrid", {theta, Longs({1, 1, 1, 1})}, {{"align_corners", int64_t{1}}}),
             Floats({1, 1, 1, 2}, {0, 0}));
  CHECK(RunOp("AffineGrid", {theta, Longs({1, 2, 0, 4})}).dims() == Dims{1, 0, 4, 2});
  CHECK(OpError("AffineGrid", {theta, Longs({1, 1, 1, 1, 1})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("AffineGrid", {theta, Longs({1, 1, -1, 1})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("AffineGrid", {theta, Longs({1, 1, int64_t{1} << 40, int64_t{1} << 40})}) ==
        ErrorCode::kLimitExceeded);
}

TEST_CASE("Col2Im adds overlapping blocks") {
  const Tensor columns = Make<int32_t>({1, 2, 3}, {1, 2, 3, 4, 5, 6});
  CheckClose(RunOp("Col2Im", {columns, Longs({4}), Longs({2})}),
             Make<int32_t>({1, 1, 4}, {1, 6, 8, 6}));
  CheckClose(RunOp("Col2Im", {columns, Longs({2}), Longs({2})}, {{"pads", Ints{1, 1}}}),
             Make<int32_t>({1, 1, 2}, {6, 8}));
  CHECK(RunOp("Col2Im", {Floats({0, 2, 3}, {}), Longs({4}), Longs({2})}).dims() == Dims{0, 1, 4});
  CHECK(OpError("Col2Im", {columns, Longs({5}), Longs({2})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("Col2Im", {columns, Longs({4}), Longs({0})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Col2Im", {columns, Longs({4}), Longs({3})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("Col2Im", {columns, Longs({4}), Longs({2})}, {{"strides", Ints{0}}}) ==
        ErrorCode::kInvalidModel);
  CHECK(OpError("Col2Im", {columns, Longs({1}), Longs({2})}) == ErrorCode::kShapeMismatch);
}

TEST_CASE("CenterCropPad takes any type and negative axes") {
  CheckClose(RunOp("CenterCropPad", {Make<int8_t>({2, 3}, {1, 2, 3, 4, 5, 6}), Longs({2})},
                   {{"axes", Ints{-1}}}),
             Make<int8_t>({2, 2}, {1, 2, 4, 5}));
  CheckClose(RunOp("CenterCropPad", {Strings({1}, {"a"}), Make<int32_t>({1}, {4})}),
             Strings({4}, {"", "a", "", ""}));
  CHECK(RunOp("CenterCropPad", {Floats({2}, {1, 2}), Longs({0})}).dims() == Dims{0});
  CHECK(OpError("CenterCropPad", {Floats({2}, {1, 2}), Longs({-1})}) ==
        ErrorCode::kInvalidArgument);
  CHECK(OpError("CenterCropPad", {Floats({2}, {1, 2}), Longs({1, 1})}) ==
        ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace insitu::test
