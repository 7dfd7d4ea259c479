// Operators that move elements: Transpose, Concat, Split, Slice, Gather, Expand, Tile, Pad, Range,
// ConstantOfShape. Each is compared with an independent formula over indices.
#include <functional>
#include <limits>

#include "support/run_op.h"

namespace insitu::test {
namespace {

// A tensor whose element at an index is f(index).
Tensor FromIndex(const Dims& dims, const std::function<int32_t(const Dims&)>& f) {
  Tensor tensor = Value(Tensor::Allocate(DType::kInt32, dims));
  Dims index(dims.size());
  for (int64_t flat = 0; flat < tensor.elements(); ++flat) {
    int64_t rest = flat;
    for (size_t i = dims.size(); i-- > 0; rest /= dims[i]) index[i] = rest % dims[i];
    tensor.As<int32_t>()[static_cast<size_t>(flat)] = f(index);
  }
  return tensor;
}

// The element 100 a + 10 b + c at [a, b, c].
int32_t Digits(const Dims& index) {
  int32_t value = 0;
  for (int64_t i : index) value = value * 10 + static_cast<int32_t>(i);
  return value;
}

}  // namespace

TEST_CASE("Transpose permutes indices", "[ops]") {
  const Tensor x = FromIndex({2, 3, 4}, Digits);
  const std::vector<std::vector<int64_t>> perms = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                                   {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (const auto& perm : perms) {
    Dims dims;
    for (int64_t axis : perm) dims.push_back(x.dims()[static_cast<size_t>(axis)]);
    const Tensor want = FromIndex(dims, [&](const Dims& index) {
      Dims source(3);
      for (size_t i = 0; i < 3; ++i) source[static_cast<size_t>(perm[i])] = index[i];
      return Digits(source);
    });
    CheckClose(RunOp("Transpose", {x}, {{"perm", perm}}), want);
  }
  CHECK(RunOp("Transpose", {x}).dims() == Dims{4, 3, 2});
  CHECK(RunOp("Transpose", {Make<int8_t>({}, {3})}).dims() == Dims{});
  for (const std::vector<int64_t>& perm :
       {std::vector<int64_t>{0, 1}, {0, 1, 1}, {0, 1, 3}, {0, -1, 1}})
    CHECK(OpError("Transpose", {x}, {{"perm", perm}}) == ErrorCode::kInvalidModel);
}

TEST_CASE("every element size moves", "[ops]") {
  for (DType dtype : {DType::kBool, DType::kInt8, DType::kFloat16, DType::kFloat32, DType::kInt64,
                      DType::kUint4, DType::kInt4}) {
    const Tensor x = RandomTensor(dtype, {3, 5}, 3);
    const Tensor y = RunOp("Transpose", {x});
    for (int64_t i = 0; i < 3; ++i)
      for (int64_t j = 0; j < 5; ++j)
        CHECK(LoadReal(y.View(), j * 3 + i) == LoadReal(x.View(), i * 5 + j));
  }
  CheckClose(RunOp("Transpose", {Strings({2, 2}, {"a", "b", "c", "d"})}),
             Strings({2, 2}, {"a", "c", "b", "d"}));
}

TEST_CASE("Concat undoes Split", "[ops]") {
  const Tensor x = FromIndex({4, 5, 6}, Digits);
  for (int64_t axis : {0, 1, 2, -1}) {
    const auto parts = RunOpAll(
        "Split", {x},
        {.attributes = {{"axis", axis}, {"num_outputs", int64_t{3}}}, .outputs = 3, .domain = {}});
    CheckClose(RunOp("Concat", parts, {{"axis", axis}}), x);
  }
  const auto parts =
      RunOpAll("Split", {x, Longs({1, 0, 3})}, {.attributes = {}, .outputs = 3, .domain = {}});
  CHECK(parts[0].dims() == Dims{1, 5, 6});
  CHECK(parts[1].dims() == Dims{0, 5, 6});
  CheckClose(parts[2],
             FromIndex({3, 5, 6}, [](const Dims& i) { return Digits({i[0] + 1, i[1], i[2]}); }));
}

TEST_CASE("Concat and Split refuse what does not fit", "[ops]") {
  const Tensor a = FromIndex({2, 3}, Digits), b = FromIndex({2, 4}, Digits);
  CHECK(OpError("Concat", {a, b}, {{"axis", int64_t{0}}}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("Concat", {a, b}, {{"axis", int64_t{2}}}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Concat", {a, Floats({2, 3}, {1, 2, 3, 4, 5, 6})}, {{"axis", int64_t{0}}}) ==
        ErrorCode::kInvalidModel);
  CHECK(!TryOp("Split", {a, Longs({1, 2})}, {.attributes = {}, .outputs = 2, .domain = {}}));
  CHECK(!TryOp("Split", {a, Longs({3, -1})}, {.attributes = {}, .outputs = 2, .domain = {}}));
  CHECK(!TryOp("Split", {a, Longs({2})}, {.attributes = {}, .outputs = 2, .domain = {}}));
}

TEST_CASE("Slice agrees with the numpy rule", "[ops]") {
  const Tensor x = FromIndex({7}, Digits);
  const int64_t far = std::numeric_limits<int64_t>::max(),
                low = std::numeric_limits<int64_t>::min();
  for (int64_t start :
       {int64_t{-9}, int64_t{-7}, int64_t{-2}, int64_t{0}, int64_t{3}, int64_t{7}, far, low})
    for (int64_t end : {int64_t{-9}, int64_t{-1}, int64_t{0}, int64_t{4}, int64_t{9}, far, low})
      for (int64_t step : {-3, -1, 1, 2, 9}) {
        // Python's slice.indices, on plain numbers.
        const auto clamp = [&](int64_t bound, int64_t least, int64_t most) {
          if (bound < 0) bound = bound < -100 ? -100 + 7 : bound + 7;
          return bound < least ? least : bound > most ? most : bound;
        };
        std::vector<int32_t> want;
        if (step > 0)
          for (int64_t i = clamp(start, 0, 7); i < clamp(end, 0, 7); i += step)
            want.push_back(static_cast<int32_t>(i));
        else
          for (int64_t i = clamp(start, 0, 6); i > clamp(end, -1, 6); i += step)
            want.push_back(static_cast<int32_t>(i));
        INFO(start << ":" << end << ":" << step);
        CheckClose(RunOp("Slice", {x, Longs({start}), Longs({end}), Longs({0}), Longs({step})}),
                   Value(Tensor::From<int32_t>({static_cast<int64_t>(want.size())}, want)));
      }
}

TEST_CASE("Slice along several axes", "[ops]") {
  const Tensor x = FromIndex({4, 5, 6}, Digits);
  CheckClose(
      RunOp("Slice", {x, Longs({1, -1}), Longs({3, 0}), Longs({0, -1}), Longs({1, -2})}),
      FromIndex({2, 5, 3}, [](const Dims& i) { return Digits({i[0] + 1, i[1], 5 - 2 * i[2]}); }));
  CHECK(RunOp("Slice", {x, Longs({1}), Longs({3})}).dims() == Dims{2, 5, 6});
  CHECK(OpError("Slice", {x, Longs({0}), Longs({1}), Longs({0}), Longs({0})}) ==
        ErrorCode::kInvalidModel);
  CHECK(OpError("Slice", {x, Longs({0}), Longs({1}), Longs({3})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Slice", {x, Longs({0, 0}), Longs({1})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Slice", {x, Longs({0, 0}), Longs({1, 1}), Longs({1, -2})}) ==
        ErrorCode::kInvalidModel);
}

TEST_CASE("Gather takes slices and checks every index", "[ops]") {
  const Tensor x = FromIndex({3, 4, 5}, Digits);
  const Tensor indices = Make<int64_t>({2, 2}, {0, 2, -1, 1});
  const int64_t rows[] = {0, 2, 2, 1};
  CheckClose(RunOp("Gather", {x, indices}), FromIndex({2, 2, 4, 5}, [&](const Dims& i) {
               return Digits({rows[i[0] * 2 + i[1]], i[2], i[3]});
             }));
  CheckClose(RunOp("Gather", {x, Make<int32_t>({}, {3})}, {{"axis", int64_t{-1}}}),
             FromIndex({3, 4}, [](const Dims& i) { return Digits({i[0], i[1], 3}); }));
  for (int64_t index : {int64_t{3}, int64_t{-4}, std::numeric_limits<int64_t>::min()})
    CHECK(OpError("Gather", {x, Longs({index})}) == ErrorCode::kInvalidArgument);
  CHECK(OpError("Gather", {x, Longs({0})}, {{"axis", int64_t{3}}}) == ErrorCode::kInvalidModel);
  const auto error = TryOp("Gather", {Longs({5, 6}), Longs({2})}).error();
  CHECK(error.message.find("index 2") != std::string::npos);
  CHECK(error.message.find("extent 2") != std::string::npos);
}

TEST_CASE("Expand and Tile", "[ops]") {
  const Tensor x = FromIndex({3, 1}, Digits);
  CheckClose(RunOp("Expand", {x, Longs({2, 1, 4})}),
             FromIndex({2, 3, 4}, [](const Dims& i) { return Digits({i[1], 0}); }));
  CheckClose(RunOp("Expand", {x, Longs({1})}), x);
  CHECK(OpError("Expand", {x, Longs({2, 2})}) == ErrorCode::kShapeMismatch);
  CHECK(!TryOp("Expand", {x, Longs({-1, 2})}));
  const Tensor y = FromIndex({2, 3}, Digits);
  CheckClose(RunOp("Tile", {y, Longs({2, 3})}),
             FromIndex({4, 9}, [](const Dims& i) { return Digits({i[0] % 2, i[1] % 3}); }));
  CHECK(RunOp("Tile", {y, Longs({0, 3})}).dims() == Dims{0, 9});
  CHECK(OpError("Tile", {y, Longs({2})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Tile", {y, Longs({-1, 1})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Tile", {y, Longs({int64_t{1} << 62, 4})}) == ErrorCode::kLimitExceeded);
}

TEST_CASE("Pad in every mode", "[ops]") {
  const Tensor x = Make<int32_t>({4}, {1, 2, 3, 4});
  const auto pad = [&](const char* mode, std::initializer_list<int64_t> pads) {
    return RunOp("Pad", {x, Longs(pads), Make<int32_t>({}, {9})}, {{"mode", std::string(mode)}});
  };
  CheckClose(pad("constant", {2, 1}), Make<int32_t>({7}, {9, 9, 1, 2, 3, 4, 9}));
  CheckClose(pad("constant", {-1, 2}), Make<int32_t>({5}, {2, 3, 4, 9, 9}));
  CheckClose(pad("constant", {-3, -1}), Make<int32_t>({0}, {}));
  CheckClose(pad("edge", {2, 1}), Make<int32_t>({7}, {1, 1, 1, 2, 3, 4, 4}));
  CheckClose(pad("reflect", {3, 2}), Make<int32_t>({9}, {4, 3, 2, 1, 2, 3, 4, 3, 2}));
  CheckClose(pad("wrap", {2, 1}), Make<int32_t>({7}, {3, 4, 1, 2, 3, 4, 1}));
  CheckClose(RunOp("Pad", {x, Longs({1, 0})}), Make<int32_t>({5}, {0, 1, 2, 3, 4}));
  const Tensor y = FromIndex({2, 3}, Digits);
  CheckClose(RunOp("Pad", {y, Longs({1, 2}), Make<int32_t>({}, {7}), Longs({-1})}),
             FromIndex({2, 6}, [](const Dims& i) {
               return i[1] < 1 || i[1] > 3 ? 7 : Digits({i[0], i[1] - 1});
             }));
  CHECK(!TryOp("Pad", {x, Longs({-3, -2})}));
  CHECK(OpError("Pad", {x, Longs({1})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Pad", {x, Longs({1, 1})}, {{"mode", std::string("mirror")}}) ==
        ErrorCode::kInvalidModel);
  CHECK(OpError("Pad", {Make<int32_t>({0}, {}), Longs({1, 1})}, {{"mode", std::string("edge")}}) ==
        ErrorCode::kShapeMismatch);
  CHECK(!TryOp("Pad", {x, Longs({std::numeric_limits<int64_t>::max(), 1})}));
}

TEST_CASE("Range and ConstantOfShape", "[ops]") {
  const auto scalar = [](int64_t value) { return Make<int64_t>({}, {value}); };
  CheckClose(RunOp("Range", {scalar(3), scalar(9), scalar(3)}), Longs({3, 6}));
  CheckClose(RunOp("Range", {scalar(10), scalar(4), scalar(-2)}), Longs({10, 8, 6}));
  CheckClose(RunOp("Range", {scalar(1), scalar(0), scalar(1)}), Longs({}));
  CheckClose(RunOp("Range", {Floats({}, {0}), Floats({}, {1}), Floats({}, {0.4f})}),
             Floats({3}, {0, 0.4f, 0.8f}));
  CHECK(OpError("Range", {scalar(0), scalar(1), scalar(0)}) == ErrorCode::kInvalidArgument);
  CHECK(OpError("Range", {scalar(0), scalar(std::numeric_limits<int64_t>::max()), scalar(1)}) ==
        ErrorCode::kLimitExceeded);
  CheckClose(RunOp("ConstantOfShape", {Longs({2, 2})}), Floats({2, 2}, {0, 0, 0, 0}));
  CheckClose(RunOp("ConstantOfShape", {Longs({3})}, {{"value", Make<int8_t>({1}, {7})}}),
             Make<int8_t>({3}, {7, 7, 7}));
  CHECK(RunOp("ConstantOfShape", {Longs({})}).dims() == Dims{});
  CHECK(OpError("ConstantOfShape", {Longs({-1})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("ConstantOfShape", {Longs({int64_t{1} << 40, int64_t{1} << 40})}) ==
        ErrorCode::kLimitExceeded);
}

}  // namespace insitu::test
