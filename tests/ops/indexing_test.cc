// Gathering, scattering, selecting: what the conformance cases leave out (types, negative axes,
// empty tensors, ties, NaN, errors).
#include <limits>

#include "support/run_op.h"

namespace insitu::test {
namespace {

using Ints = std::vector<int64_t>;

Tensor Matrix(Dims dims, std::initializer_list<int64_t> values) {
  return Make<int64_t>(std::move(dims), values);
}

TEST_CASE("GatherElements reads along any axis and serves every size of element") {
  const Tensor x = Make<int8_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  CheckClose(RunOp("GatherElements", {x, Matrix({1, 3}, {1, -2, 1})}),
             Make<int8_t>({1, 3}, {4, 2, 6}));
  CheckClose(RunOp("GatherElements", {x, Matrix({2, 4}, {0, 1, 2, -1, 2, 2, 0, 0})},
                   {{"axis", int64_t{-1}}}),
             Make<int8_t>({2, 4}, {1, 2, 3, 3, 6, 6, 4, 4}));
  CheckClose(RunOp("GatherElements", {Strings({2}, {"a", "b"}), Make<int32_t>({3}, {1, 0, -1})}),
             Strings({3}, {"b", "a", "b"}));
  CHECK(RunOp("GatherElements", {x, Matrix({0, 3}, {})}).dims() == Dims{0, 3});
  CHECK(OpError("GatherElements", {x, Matrix({1, 3}, {0, 2, 0})}) == ErrorCode::kInvalidArgument);
  CHECK(OpError("GatherElements", {x, Matrix({1, 3}, {0, -3, 0})}) == ErrorCode::kInvalidArgument);
  CHECK(OpError("GatherElements", {x, Matrix({1, 4}, {0, 0, 0, 0})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("GatherElements", {x, Longs({0})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("GatherElements", {x, Matrix({1, 3}, {0, 0, 0})}, {{"axis", int64_t{2}}}) ==
        ErrorCode::kInvalidModel);
}

TEST_CASE("GatherND leaves what the tuples do not name") {
  const Tensor x = Make<int16_t>({2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7});
  CheckClose(RunOp("GatherND", {x, Matrix({2, 1}, {-1, 0})}),
             Make<int16_t>({2, 2, 2}, {4, 5, 6, 7, 0, 1, 2, 3}));
  CheckClose(RunOp("GatherND", {x, Matrix({2, 1, 1}, {1, -2})}, {{"batch_dims", int64_t{1}}}),
             Make<int16_t>({2, 1, 2}, {2, 3, 4, 5}));
  CheckClose(RunOp("GatherND", {x, Matrix({1, 3}, {1, 0, 1})}), Make<int16_t>({1}, {5}));
  CheckClose(RunOp("GatherND", {x, Matrix({2, 0}, {})}),
             Make<int16_t>({2, 2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7}));
  CHECK(OpError("GatherND", {x, Matrix({1, 1}, {2})}) == ErrorCode::kInvalidArgument);
  CHECK(OpError("GatherND", {x, Matrix({1, 4}, {0, 0, 0, 0})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("GatherND", {x, Matrix({}, {0})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("GatherND", {x, Matrix({3, 1}, {0, 0, 0})}, {{"batch_dims", int64_t{1}}}) ==
        ErrorCode::kShapeMismatch);
  CHECK(OpError("GatherND", {x, Matrix({1, 1}, {0})}, {{"batch_dims", int64_t{-1}}}) ==
        ErrorCode::kInvalidModel);
}

TEST_CASE("ScatterElements reduces in the arithmetic of the element type") {
  const auto scatter = [](Tensor data, Tensor indices, Tensor updates, std::string reduction) {
    return RunOp("ScatterElements", {std::move(data), std::move(indices), std::move(updates)},
                 {{"axis", int64_t{-1}}, {"reduction", std::move(reduction)}});
  };
  const Tensor twice = Matrix({1, 2}, {1, -2});
  CheckClose(
      scatter(Make<uint8_t>({1, 3}, {1, 250, 3}), twice, Make<uint8_t>({1, 2}, {5, 2}), "add"),
      Make<uint8_t>({1, 3}, {1, 1, 3}));
  CheckClose(scatter(Floats({1, 3}, {1, 2, 3}), twice, Floats({1, 2}, {5, -2}), "mul"),
             Floats({1, 3}, {1, -20, 3}));
  CheckClose(scatter(Floats({1, 3}, {1, 2, 3}), twice, Floats({1, 2}, {NAN, -2}), "max"),
             Floats({1, 3}, {1, NAN, 3}));
  CheckClose(scatter(Make<uint64_t>({1, 3}, {1, ~uint64_t{0}, 3}), twice,
                     Make<uint64_t>({1, 2}, {5, 7}), "min"),
             Make<uint64_t>({1, 3}, {1, 5, 3}));
  CheckClose(scatter(Strings({1, 3}, {"a", "b", "c"}), twice, Strings({1, 2}, {"d", "e"}), "none"),
             Strings({1, 3}, {"a", "e", "c"}));
  CheckClose(scatter(Floats({1, 3}, {1, 2, 3}), Matrix({0, 3}, {}), Floats({0, 3}, {}), "add"),
             Floats({1, 3}, {1, 2, 3}));
  const Tensor x = Floats({1, 3}, {1, 2, 3});
  CHECK(OpError("ScatterElements", {x, twice, x}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("ScatterElements", {x, twice, Floats({1, 2}, {0, 0})},
                {{"reduction", std::string("mean")}}) == ErrorCode::kInvalidModel);
  CHECK(OpError("ScatterElements", {x, twice, Floats({1, 2}, {0, 0})}) ==
        ErrorCode::kInvalidArgument);
  CHECK(OpError("ScatterElements", {Strings({1}, {"a"}), Longs({0}), Strings({1}, {"b"})},
                {{"reduction", std::string("add")}}) == ErrorCode::kUnsupportedType);
}

TEST_CASE("ScatterND replaces or reduces slices") {
  const Tensor x = Floats({3, 2}, {1, 2, 3, 4, 5, 6});
  CheckClose(RunOp("ScatterND", {x, Matrix({2, 1}, {-1, 0}), Floats({2, 2}, {9, 8, 7, 6})}),
             Floats({3, 2}, {7, 6, 3, 4, 9, 8}));
  CheckClose(RunOp("ScatterND", {x, Matrix({1, 2}, {1, -1}), Floats({1}, {-3})},
                   {{"reduction", std::string("min")}}),
             Floats({3, 2}, {1, 2, 3, -3, 5, 6}));
  CHECK(OpError("ScatterND", {x, Matrix({1, 1}, {3}), Floats({1, 2}, {0, 0})}) ==
        ErrorCode::kInvalidArgument);
  CHECK(OpError("ScatterND", {x, Matrix({1, 1}, {0}), Floats({2}, {0, 0})}) ==
        ErrorCode::kShapeMismatch);
}

TEST_CASE("OneHot takes indices of any type and leaves out what is out of range") {
  const Tensor values = Make<uint8_t>({2}, {3, 9});
  CheckClose(RunOp("OneHot", {Floats({3}, {0, -1, 5}), Longs({2}), values}),
             Make<uint8_t>({3, 2}, {9, 3, 3, 9, 3, 3}));
  CheckClose(RunOp("OneHot", {Make<int32_t>({2}, {1, 0}), Floats({}, {3}), values},
                   {{"axis", int64_t{0}}}),
             Make<uint8_t>({3, 2}, {3, 9, 9, 3, 3, 3}));
  CHECK(RunOp("OneHot", {Longs({}), Longs({4}), values}).dims() == Dims{0, 4});
  CHECK(RunOp("OneHot", {Longs({1, 2}), Longs({0}), values}).dims() == Dims{2, 0});
  CHECK(OpError("OneHot", {Longs({0}), Longs({-1}), values}) == ErrorCode::kInvalidArgument);
  CHECK(OpError("OneHot", {Longs({0}), Longs({int64_t{1} << 60}), values}) ==
        ErrorCode::kLimitExceeded);
  CHECK(OpError("OneHot", {Longs({0}), Longs({2}), values}, {{"axis", int64_t{2}}}) ==
        ErrorCode::kInvalidModel);
}

TEST_CASE("NonZero and Compress give as much as there is") {
  CheckClose(RunOp("NonZero", {Floats({2, 2}, {0, NAN, -1, -0.0f})}), Matrix({2, 2}, {0, 1, 1, 0}));
  CheckClose(RunOp("NonZero", {Longs({5, 0, 7})}), Matrix({1, 2}, {0, 2}));
  CHECK(RunOp("NonZero", {Bools({2}, {0, 0})}).dims() == Dims{1, 0});
  CHECK(RunOp("NonZero", {Make<uint8_t>({}, {4})}).dims() == Dims{0, 1});
  CHECK(RunOp("NonZero", {Floats({0, 3}, {})}).dims() == Dims{2, 0});

  const Tensor x = Make<int8_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  CheckClose(RunOp("Compress", {x, Bools({2}, {0, 1})}, {{"axis", int64_t{-1}}}),
             Make<int8_t>({2, 1}, {2, 5}));
  CheckClose(RunOp("Compress", {x, Bools({8}, {0, 0, 1, 0, 0, 1, 0, 0})}),
             Make<int8_t>({2}, {3, 6}));
  CHECK(RunOp("Compress", {x, Bools({2}, {0, 0})}, {{"axis", int64_t{0}}}).dims() == Dims{0, 3});
  CHECK(OpError("Compress", {x, Bools({4}, {0, 0, 0, 1})}, {{"axis", int64_t{1}}}) ==
        ErrorCode::kInvalidArgument);
  CHECK(OpError("Compress", {x, Bools({1, 2}, {0, 1})}) == ErrorCode::kShapeMismatch);
}

TEST_CASE("Unique of strings, of NaN, of nothing, and in the order of occurrence") {
  const auto unique = [](const Tensor& x, Attributes attributes = {}) {
    return RunOpAll("Unique", {x},
                    {.attributes = std::move(attributes), .outputs = 4, .domain = {}});
  };
  auto y = unique(Strings({2, 2}, {"b", "a", "b", "c"}));
  CheckClose(y[0], Strings({3}, {"a", "b", "c"}));
  CheckClose(y[1], Longs({1, 0, 3}));
  CheckClose(y[2], Longs({1, 0, 1, 2}));
  CheckClose(y[3], Longs({1, 2, 1}));
  y = unique(Floats({4}, {NAN, 2, NAN, -1}));
  CheckClose(y[0], Floats({3}, {-1, 2, NAN}));
  CheckClose(y[3], Longs({1, 1, 2}));
  y = unique(Make<int32_t>({2, 3}, {7, 5, 7, 8, 5, 8}),
             {{"axis", int64_t{-1}}, {"sorted", int64_t{0}}});
  CheckClose(y[0], Make<int32_t>({2, 2}, {7, 5, 8, 5}));
  CheckClose(y[1], Longs({0, 1}));
  CheckClose(y[2], Longs({0, 1, 0}));
  CheckClose(y[3], Longs({2, 1}));
  y = unique(Floats({0}, {}));
  CHECK(y[0].dims() == Dims{0});
  CHECK(y[2].dims() == Dims{0});
  CHECK(OpError("Unique", {Floats({1}, {0})}, {{"axis", int64_t{1}}}) == ErrorCode::kInvalidModel);
}

TEST_CASE("TopK orders ties by index and NaN above all") {
  const auto top = [](const Tensor& x, int64_t k, Attributes attributes = {}) {
    return RunOpAll("TopK", {x, Longs({k})},
                    {.attributes = std::move(attributes), .outputs = 2, .domain = {}});
  };
  auto y = top(Floats({5}, {2, NAN, 3, 3, 1}), 3);
  CheckClose(y[0], Floats({3}, {NAN, 3, 3}));
  CheckClose(y[1], Longs({1, 2, 3}));
  y = top(Make<uint8_t>({2, 3}, {9, 1, 1, 4, 250, 0}), 2,
          {{"largest", int64_t{0}}, {"axis", int64_t{-1}}});
  CheckClose(y[0], Make<uint8_t>({2, 2}, {1, 1, 0, 4}));
  CheckClose(y[1], Matrix({2, 2}, {1, 2, 2, 0}));
  y = top(Make<int64_t>({2, 2}, {1, 5, 3, std::numeric_limits<int64_t>::min()}), 1,
          {{"axis", int64_t{0}}, {"sorted", int64_t{0}}});
  CheckClose(y[0], Matrix({1, 2}, {3, 5}));
  CheckClose(y[1], Matrix({1, 2}, {1, 0}));
  CHECK(top(Floats({2, 3}, {1, 2, 3, 4, 5, 6}), 0)[1].dims() == Dims{2, 0});
  CHECK(OpError("TopK", {Floats({2}, {1, 2}), Longs({3})}) == ErrorCode::kInvalidArgument);
  CHECK(OpError("TopK", {Floats({2}, {1, 2}), Longs({-1})}) == ErrorCode::kInvalidArgument);
}

TEST_CASE("ReverseSequence reverses up to the length") {
  CheckClose(RunOp("ReverseSequence", {Make<int8_t>({3, 2}, {1, 2, 3, 4, 5, 6}), Longs({3, 0})}),
             Make<int8_t>({3, 2}, {5, 2, 3, 4, 1, 6}));
  CheckClose(RunOp("ReverseSequence", {Strings({1, 3}, {"a", "b", "c"}), Longs({2})},
                   {{"time_axis", int64_t{1}}, {"batch_axis", int64_t{0}}}),
             Strings({1, 3}, {"b", "a", "c"}));
  CHECK(OpError("ReverseSequence", {Floats({1, 1}, {0}), Longs({2})}) ==
        ErrorCode::kInvalidArgument);
  CHECK(OpError("ReverseSequence", {Floats({1, 1}, {0}), Longs({1, 1})}) ==
        ErrorCode::kShapeMismatch);
  CHECK(OpError("ReverseSequence", {Floats({1, 1}, {0}), Longs({1})},
                {{"time_axis", int64_t{1}}}) == ErrorCode::kInvalidModel);
}

TEST_CASE("NonMaxSuppression without its options, with NaN and with nothing to choose") {
  const Tensor boxes = Floats({1, 3, 4}, {0, 0, 1, 1, 0, 0, 1, 0.9f, 2, 2, 3, 3});
  const Tensor scores = Floats({1, 1, 3}, {0.5f, 0.5f, NAN});
  const auto number = [](float value) { return Floats({1}, {value}); };
  CHECK(RunOp("NonMaxSuppression", {boxes, scores}).dims() == Dims{0, 3});
  CheckClose(RunOp("NonMaxSuppression", {boxes, scores, Longs({5}), number(0.5f)}),
             Matrix({1, 3}, {0, 0, 0}));
  CheckClose(RunOp("NonMaxSuppression", {boxes, scores, Longs({5}), number(0.95f)}),
             Matrix({2, 3}, {0, 0, 0, 0, 0, 1}));
  CHECK(
      RunOp("NonMaxSuppression", {boxes, scores, Longs({5}), number(0.5f), number(0.5f)}).dims() ==
      Dims{0, 3});
  CHECK(RunOp("NonMaxSuppression", {Floats({1, 0, 4}, {}), Floats({1, 2, 0}, {}), Longs({5})})
            .dims() == Dims{0, 3});
  CHECK(OpError("NonMaxSuppression", {boxes, Floats({1, 1, 2}, {0, 0}), Longs({5})}) ==
        ErrorCode::kShapeMismatch);
  CHECK(OpError("NonMaxSuppression", {boxes, scores}, {{"center_point_box", int64_t{2}}}) ==
        ErrorCode::kInvalidModel);
}

TEST_CASE("SpaceToDepth undoes DepthToSpace") {
  const Tensor x = RandomTensor(DType::kInt16, {2, 12, 3, 2}, 5);
  const Attributes block = {{"blocksize", int64_t{2}}};
  const Tensor y = RunOp("DepthToSpace", {x}, block);
  CHECK(y.dims() == Dims{2, 3, 6, 4});
  CheckClose(RunOp("SpaceToDepth", {y}, block), x);
  CHECK(RunOp("DepthToSpace", {Floats({0, 4, 1, 1}, {})}, block).dims() == Dims{0, 1, 2, 2});
  CHECK(OpError("DepthToSpace", {Floats({1, 3, 1, 1}, {1, 2, 3})}, block) ==
        ErrorCode::kShapeMismatch);
  CHECK(OpError("SpaceToDepth", {Floats({1, 1, 1, 3}, {1, 2, 3})}, block) ==
        ErrorCode::kShapeMismatch);
  CHECK(OpError("SpaceToDepth", {Floats({1, 1, 1, 1}, {1})}, {{"blocksize", int64_t{0}}}) ==
        ErrorCode::kInvalidModel);
}

}  // namespace
}  // namespace insitu::test
