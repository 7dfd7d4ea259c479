// Operators on shapes: Shape, Size, Reshape, Squeeze, Unsqueeze, Flatten, Identity, Dropout, and
// how symbolic elements flow through them.
#include "ir/text.h"
#include "support/run_op.h"

namespace insitu::test {
namespace {

Tensor Counting(Dims dims) {
  Tensor tensor = Value(Tensor::Allocate(DType::kFloat32, std::move(dims)));
  for (int64_t i = 0; i < tensor.elements(); ++i)
    tensor.As<float>()[static_cast<size_t>(i)] = static_cast<float>(i);
  return tensor;
}

// The shape of the only output after inference.
std::string InferredShape(const std::string& text) {
  Graph graph = Value(Parse(text));
  Check(InferShapes(graph));
  const auto& shape = graph.value(graph.outputs.at(0)).type.shape;
  return shape ? ToString(*shape) : "none";
}

}  // namespace

TEST_CASE("Shape and Size", "[ops]") {
  const Tensor x = Counting({2, 3, 4});
  CheckClose(RunOp("Shape", {x}), Longs({2, 3, 4}));
  CheckClose(RunOp("Shape", {x}, {{"start", int64_t{1}}}), Longs({3, 4}));
  CheckClose(RunOp("Shape", {x}, {{"start", int64_t{-2}}, {"end", int64_t{-1}}}), Longs({3}));
  CheckClose(RunOp("Shape", {x}, {{"start", int64_t{2}}, {"end", int64_t{1}}}), Longs({}));
  CheckClose(RunOp("Size", {x}), Make<int64_t>({}, {24}));
}

TEST_CASE("Reshape copies, infers and checks extents", "[ops]") {
  const Tensor x = Counting({2, 3, 4});
  const auto dims = [&](std::initializer_list<int64_t> target, Attributes attributes = {}) {
    return RunOp("Reshape", {x, Longs(target)}, std::move(attributes)).dims();
  };
  CHECK(dims({4, 6}) == Dims{4, 6});
  CHECK(dims({0, -1}) == Dims{2, 12});
  CHECK(dims({-1}) == Dims{24});
  CHECK(dims({2, 0, 2, -1}) == Dims{2, 3, 2, 2});
  const Tensor empty = Counting({0, 3});
  CHECK(RunOp("Reshape", {empty, Longs({3, 0})}, {{"allowzero", int64_t{1}}}).dims() == Dims{3, 0});
  CHECK(RunOp("Reshape", {empty, Longs({0, -1})}).dims() == Dims{0, 0});
  CHECK(OpError("Reshape", {x, Longs({5, 5})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("Reshape", {x, Longs({7, -1})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("Reshape", {x, Longs({-1, -1})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Reshape", {x, Longs({-2, 12})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Reshape", {x, Longs({2, 3, 4, 0})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Reshape", {x, Longs({0, -1})}, {{"allowzero", int64_t{1}}}) ==
        ErrorCode::kInvalidModel);
  const int64_t huge = int64_t{1} << 62;
  CHECK(!TryOp("Reshape", {x, Longs({huge, huge})}).has_value());
}

TEST_CASE("Squeeze, Unsqueeze and Flatten", "[ops]") {
  const Tensor x = Counting({1, 3, 1, 2});
  CHECK(RunOp("Squeeze", {x}).dims() == Dims{3, 2});
  CHECK(RunOp("Squeeze", {x, Longs({-2})}).dims() == Dims{1, 3, 2});
  CHECK(OpError("Squeeze", {x, Longs({1})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("Squeeze", {x, Longs({4})}) == ErrorCode::kInvalidModel);
  const Tensor y = Counting({3, 4});
  CHECK(RunOp("Unsqueeze", {y, Longs({0, -1})}).dims() == Dims{1, 3, 4, 1});
  CHECK(RunOp("Unsqueeze", {y, Longs({3, 1})}).dims() == Dims{3, 1, 4, 1});
  CHECK(OpError("Unsqueeze", {y, Longs({0, 0})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Unsqueeze", {y, Longs({5})}) == ErrorCode::kInvalidModel);
  const Tensor z = Counting({2, 3, 4});
  CHECK(RunOp("Flatten", {z}).dims() == Dims{2, 12});
  CHECK(RunOp("Flatten", {z}, {{"axis", int64_t{0}}}).dims() == Dims{1, 24});
  CHECK(RunOp("Flatten", {z}, {{"axis", int64_t{3}}}).dims() == Dims{24, 1});
  CHECK(RunOp("Flatten", {z}, {{"axis", int64_t{-1}}}).dims() == Dims{6, 4});
  CHECK(OpError("Flatten", {z}, {{"axis", int64_t{4}}}) == ErrorCode::kInvalidModel);
}

TEST_CASE("Identity and Dropout pass values on", "[ops]") {
  CheckClose(RunOp("Identity", {Strings({2}, {"a", "b"})}), Strings({2}, {"a", "b"}));
  const Tensor x = Counting({2, 2});
  const auto outputs = RunOpAll("Dropout", {x}, {.attributes = {}, .outputs = 2, .domain = {}});
  CheckClose(outputs[0], x);
  CheckClose(outputs[1], Bools({2, 2}, {1, 1, 1, 1}));
  CHECK(OpError("Dropout", {x, Floats({}, {1}), Bools({}, {1})}) == ErrorCode::kInvalidArgument);
}

TEST_CASE("symbolic extents flow from Shape to Reshape", "[ops]") {
  CHECK(InferredShape(R"(graph g {
    input x: float32[batch,3,h,w]
    const zero: int64[] = [0]
    const rest: int64[1] = [-1]
    const axes: int64[1] = [0]
    s = Shape(x)
    n = Gather(s, zero)
    u = Unsqueeze(n, axes)
    t = Concat(u, rest) {axis=0}
    y = Reshape(x, t)
    output y
  })") == "[batch,3*h*w]");
}

TEST_CASE("symbolic arithmetic reaches Expand and ConstantOfShape", "[ops]") {
  CHECK(InferredShape(R"(graph g {
    input x: float32[n,4]
    const two: int64[1] = [2]
    s = Shape(x) {end=1}
    d = Mul(s, two)
    c = Cast(d) {to=7}
    y = ConstantOfShape(c)
    output y
  })") == "[2*n]");
  CHECK(InferredShape(R"(graph g {
    input x: float32[n,4]
    const starts: int64[1] = [0]
    const ends: int64[1] = [1]
    const one: float32[1,1] = [1]
    s = Shape(x)
    f = Slice(s, starts, ends)
    t = Concat(f, f) {axis=0}
    y = Expand(one, t)
    output y
  })") == "[n,n]");
}

TEST_CASE("an unknown target still gives a rank", "[ops]") {
  CHECK(InferredShape(R"(graph g {
    input x: float32[2,6]
    input t: int64[3]
    y = Reshape(x, t)
    output y
  })") == "[?,?,?]");
}

}  // namespace insitu::test
