// Reductions and ArgMax against a naive loop.
#include <cmath>
#include <limits>

#include "support/run_op.h"

namespace insitu::test {
namespace {

// All elements of x [a, b, c] whose index agrees with the output index on the axes kept.
std::vector<double> Group(const Tensor& x, const std::vector<bool>& reduced, int64_t output) {
  Dims kept;
  for (size_t i = 0; i < 3; ++i) kept.push_back(reduced[i] ? 1 : x.dims()[i]);
  const int64_t want[] = {output / (kept[1] * kept[2]), output / kept[2] % kept[1],
                          output % kept[2]};
  std::vector<double> group;
  for (int64_t flat = 0; flat < x.elements(); ++flat) {
    const int64_t index[] = {flat / (x.dims()[1] * x.dims()[2]), flat / x.dims()[2] % x.dims()[1],
                             flat % x.dims()[2]};
    bool same = true;
    for (size_t i = 0; i < 3; ++i) same = same && (reduced[i] || index[i] == want[i]);
    if (same) group.push_back(LoadReal(x.View(), flat));
  }
  return group;
}

double Expected(const std::string& op, const std::vector<double>& group) {
  double sum = 0, most = group[0], least = group[0];
  for (double value : group) {
    sum += value;
    most = std::fmax(most, value);
    least = std::fmin(least, value);
  }
  if (op == "ReduceSum") return sum;
  if (op == "ReduceMean") return sum / static_cast<double>(group.size());
  return op == "ReduceMax" ? most : least;
}

}  // namespace

TEST_CASE("reductions agree with the naive loop on any axes", "[ops]") {
  const Tensor x = RandomTensor(DType::kFloat32, {3, 2, 270}, 11);
  const Tensor n = RandomTensor(DType::kInt64, {3, 2, 270}, 12);
  for (const char* op : {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin"})
    for (int mask = 1; mask < 8; ++mask) {
      std::vector<int64_t> axes;
      std::vector<bool> reduced(3);
      for (int64_t i = 0; i < 3; ++i)
        if (mask >> i & 1)
          axes.push_back(i % 2 ? i - 3 : i), reduced[static_cast<size_t>(i)] = true;
      const Tensor axes_tensor =
          Value(Tensor::From<int64_t>({static_cast<int64_t>(axes.size())}, axes));
      for (const Tensor& data : {x, n}) {
        const Tensor y = RunOp(op, {data, axes_tensor});
        const Tensor flat = RunOp(op, {data, axes_tensor}, {{"keepdims", int64_t{0}}});
        CHECK(y.dims().size() == 3);
        CHECK(flat.dims().size() == 3 - axes.size());
        for (int64_t i = 0; i < y.elements(); ++i) {
          double want = Expected(op, Group(data, reduced, i));
          if (data.dtype() == DType::kInt64) want = std::trunc(want);
          INFO(op << " mask " << mask << " element " << i);
          REQUIRE(std::fabs(LoadReal(y.View(), i) - want) < 1e-4);
          REQUIRE(LoadReal(flat.View(), i) == LoadReal(y.View(), i));
        }
      }
    }
}

TEST_CASE("reductions without axes", "[ops]") {
  const Tensor x = Floats({2, 2}, {1, 2, 3, 4});
  CheckClose(RunOp("ReduceSum", {x}), Floats({1, 1}, {10}));
  CheckClose(RunOp("ReduceSum", {x}, {{"keepdims", int64_t{0}}}), Floats({}, {10}));
  CheckClose(RunOp("ReduceSum", {x, Longs({})}, {{"noop_with_empty_axes", int64_t{1}}}), x);
  CheckClose(RunOp("ReduceSum", {Floats({0, 2}, {}), Longs({0})}), Floats({1, 2}, {0, 0}));
  CheckClose(RunOp("ReduceMax", {Bools({3}, {0, 1, 0})}), Bools({1}, {1}));
  const uint64_t top = std::numeric_limits<uint64_t>::max();
  CheckClose(RunOp("ReduceMax", {Make<uint64_t>({2}, {1, top})}), Make<uint64_t>({1}, {top}));
  CHECK(OpError("ReduceSum", {x, Longs({2})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("ReduceSum", {x, Longs({0, -2})}) == ErrorCode::kInvalidModel);
}

TEST_CASE("float32 sums are taken in double", "[ops]") {
  Tensor x = Value(Tensor::Allocate(DType::kFloat32, {1 << 20}));
  for (float& value : x.As<float>()) value = 0.1f;
  CheckClose(RunOp("ReduceSum", {x}), Floats({1}, {static_cast<float>((1 << 20) * double{0.1f})}),
             1e-7);
}

TEST_CASE("ArgMax and ArgMin", "[ops]") {
  const Tensor x = Floats({2, 3}, {1, 5, 5, 7, 2, 2});
  CheckClose(RunOp("ArgMax", {x}, {{"axis", int64_t{1}}}), Make<int64_t>({2, 1}, {1, 0}));
  CheckClose(RunOp("ArgMin", {x}, {{"axis", int64_t{-1}}, {"keepdims", int64_t{0}}}),
             Longs({0, 1}));
  CheckClose(RunOp("ArgMax", {x}, {{"axis", int64_t{1}}, {"select_last_index", int64_t{1}}}),
             Make<int64_t>({2, 1}, {2, 0}));
  CheckClose(RunOp("ArgMax", {x}, {{"keepdims", int64_t{0}}}), Longs({1, 0, 0}));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CheckClose(RunOp("ArgMax", {Floats({3}, {9, nan, 10})}), Longs({1}));
  Tensor longer = RandomTensor(DType::kFloat32, {1000}, 4);
  longer.As<float>()[777] = 100;
  CheckClose(RunOp("ArgMax", {longer}), Longs({777}));
  CHECK(OpError("ArgMax", {Floats({0, 2}, {})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("ArgMax", {x}, {{"axis", int64_t{2}}}) == ErrorCode::kInvalidModel);
}

}  // namespace insitu::test
