// Limits go down, are named, and hold for what is made from then on.
#include "base/limits.h"

#include <catch2/catch_test_macros.hpp>
#include <set>

#include "base/tensor.h"
#include "support/with_limits.h"

namespace insitu::test {
namespace {

TEST_CASE("every limit has a name, and none can be raised or negative") {
  std::set<std::string_view> names;
  for (const auto& [name, member] : LimitNames()) {
    INFO(name);
    CHECK(names.insert(name).second);
    for (const int64_t wrong : {kLargestLimits.*member + 1, int64_t{-1}}) {
      Limits limits;
      limits.*member = wrong;
      const Status status = SetLimits(limits);
      REQUIRE_FALSE(status);
      CHECK(status.error().code == ErrorCode::kInvalidArgument);
      CHECK(status.error().message.find(name) != std::string::npos);
      CHECK(CurrentLimits().*member == kLargestLimits.*member);
    }
  }
}

TEST_CASE("lowered limits bound tensors, and end with their scope") {
  {
    const WithLimits lowered(
        {.max_rank = 2, .max_elements = 100, .max_tensor_bytes = 160, .max_strings = 3});
    const auto code = [](DType dtype, Dims dims) {
      const auto tensor = Tensor::Allocate(dtype, std::move(dims));
      return tensor ? std::string() : std::string(Name(tensor.error().code));
    };
    CHECK(code(DType::kUint8, {10, 10}).empty());
    CHECK(code(DType::kUint8, {10, 11}) == "LimitExceeded");
    CHECK(code(DType::kUint8, {1, 1, 1}) == "LimitExceeded");
    CHECK(code(DType::kFloat32, {40}).empty());
    CHECK(code(DType::kFloat32, {41}) == "LimitExceeded");
    CHECK(code(DType::kString, {3}).empty());
    CHECK(code(DType::kString, {4}) == "LimitExceeded");
    CHECK_FALSE(Tensor::FromStrings({4}, {"a", "b", "c", "d"}));
  }
  CHECK(Tensor::Allocate(DType::kFloat32, {10, 5, 5}));
}

}  // namespace
}  // namespace insitu::test
