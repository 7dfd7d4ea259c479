// Comparisons, boolean algebra and Where.
#include <limits>

#include "support/run_op.h"

namespace insitu::test {

TEST_CASE("comparisons", "[ops]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor a = Floats({4}, {1, 2, 3, nan}), b = Floats({4}, {2, 2, 2, nan});
  CheckClose(RunOp("Equal", {a, b}), Bools({4}, {0, 1, 0, 0}));
  CheckClose(RunOp("Less", {a, b}), Bools({4}, {1, 0, 0, 0}));
  CheckClose(RunOp("LessOrEqual", {a, b}), Bools({4}, {1, 1, 0, 0}));
  CheckClose(RunOp("Greater", {a, b}), Bools({4}, {0, 0, 1, 0}));
  CheckClose(RunOp("GreaterOrEqual", {a, b}), Bools({4}, {0, 1, 1, 0}));
}

TEST_CASE("comparisons broadcast and tell large integers apart", "[ops]") {
  const int64_t big = int64_t{1} << 53;
  CheckClose(RunOp("Equal", {Make<int64_t>({2}, {big, big + 1}), Make<int64_t>({}, {big + 1})}),
             Bools({2}, {0, 1}));
  const uint64_t top = std::numeric_limits<uint64_t>::max();
  CheckClose(RunOp("Greater", {Make<uint64_t>({1}, {top}), Make<uint64_t>({1}, {1})}),
             Bools({1}, {1}));
  CheckClose(RunOp("Less", {Make<int32_t>({2, 1}, {1, 3}), Make<int32_t>({2}, {2, 3})}),
             Bools({2, 2}, {1, 1, 0, 0}));
}

TEST_CASE("Equal takes strings and bools", "[ops]") {
  CheckClose(RunOp("Equal", {Strings({2}, {"a", "b"}), Strings({1}, {"b"})}), Bools({2}, {0, 1}));
  CheckClose(RunOp("Equal", {Bools({2}, {0, 1}), Bools({2}, {1, 1})}), Bools({2}, {0, 1}));
  CHECK(OpError("Less", {Strings({1}, {"a"}), Strings({1}, {"b"})}) == ErrorCode::kUnsupportedType);
}

TEST_CASE("boolean algebra", "[ops]") {
  const Tensor a = Bools({4}, {0, 0, 1, 1}), b = Bools({4}, {0, 1, 0, 1});
  CheckClose(RunOp("And", {a, b}), Bools({4}, {0, 0, 0, 1}));
  CheckClose(RunOp("Or", {a, b}), Bools({4}, {0, 1, 1, 1}));
  CheckClose(RunOp("Xor", {a, b}), Bools({4}, {0, 1, 1, 0}));
  CheckClose(RunOp("Not", {a}), Bools({4}, {1, 1, 0, 0}));
  CHECK(OpError("And", {a, Floats({4}, {0, 1, 0, 1})}) == ErrorCode::kUnsupportedType);
}

TEST_CASE("Where chooses with broadcasting and for every type", "[ops]") {
  const Tensor condition = Bools({2, 2}, {1, 0, 1, 1});
  CheckClose(RunOp("Where", {condition, Floats({2, 2}, {1, 2, 3, 4}), Floats({1}, {9})}),
             Floats({2, 2}, {1, 9, 3, 4}));
  CheckClose(RunOp("Where", {Bools({2, 1}, {1, 0}), Make<int64_t>({1, 2}, {1, 2}),
                             Make<int64_t>({2}, {7, 8})}),
             Make<int64_t>({2, 2}, {1, 2, 7, 8}));
  CheckClose(RunOp("Where", {Bools({2}, {0, 1}), Strings({2}, {"a", "b"}), Strings({1}, {"z"})}),
             Strings({2}, {"z", "b"}));
  CHECK(OpError("Where", {Bools({2}, {0, 1}), Floats({3}, {1, 2, 3}), Floats({1}, {0})}) ==
        ErrorCode::kShapeMismatch);
}

}  // namespace insitu::test
