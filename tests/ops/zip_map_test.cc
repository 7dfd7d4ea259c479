// ZipMap: a map for each row, with classes that are strings or integers.
#include "support/run_op.h"

namespace insitu::test {
namespace {

OpCall With(Attributes attributes) {
  return {.attributes = std::move(attributes),
          .outputs = 1,
          .domain = "ai.onnx.ml",
          .inputs_known = true};
}

TEST_CASE("rows of scores become maps by class", "[ops]") {
  const auto y = TryOp("ZipMap", {Floats({2, 3}, {1, 2, 3, 4, 5, 6})},
                       With({{"classlabels_strings", std::vector<std::string>{"a", "b", "c"}}}));
  REQUIRE(y);
  const Tensor& sequence = (*y)[0];
  REQUIRE(sequence.items().size() == 2);
  const Tensor& second = sequence.items()[1];
  CHECK(second.dtype() == DType::kMap);
  CheckClose(second.items()[0], Strings({3}, {"a", "b", "c"}));
  CheckClose(second.items()[1], Floats({3}, {4, 5, 6}));
}

TEST_CASE("scores that do not belong to the classes are refused", "[ops]") {
  const OpCall call = With({{"classlabels_int64s", std::vector<int64_t>{7, 9}}});
  CHECK(TryOp("ZipMap", {Floats({2}, {1, 2})}, call).has_value());
  CHECK_FALSE(TryOp("ZipMap", {Floats({2, 3}, {1, 2, 3, 4, 5, 6})}, call).has_value());
  CHECK_FALSE(TryOp("ZipMap", {Floats({2}, {1, 2})}, With({})).has_value());
}

}  // namespace
}  // namespace insitu::test
