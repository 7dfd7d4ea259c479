// Tensor: sizes of every element type, limits, sharing and borrowing.
#include "base/tensor.h"

#include <catch2/catch_test_macros.hpp>
#include <vector>

namespace insitu {
namespace {

TEST_CASE("byte sizes, two 4-bit elements a byte") {
  CHECK(ByteSize(DType::kFloat32, 3) == 12);
  CHECK(ByteSize(DType::kInt4, 3) == 2);
  CHECK(ByteSize(DType::kUint4, 4) == 2);
  CHECK(ByteSize(DType::kString, 7) == 0);
  CHECK(ByteSize(DType::kBfloat16, 5) == 10);
}

TEST_CASE("every element type has a name that reads back") {
  int known = 0;
  for (int i = 0; i < 32; ++i) {
    if (!IsKnownDType(i)) continue;
    ++known;
    CHECK(ParseDType(Name(static_cast<DType>(i))) == static_cast<DType>(i));
  }
  CHECK(known == 20);
  CHECK_FALSE(ParseDType("undefined"));
  CHECK_FALSE(IsKnownDType(14));  // complex64
}

TEST_CASE("extents are checked before memory is asked for") {
  for (const Dims& dims : {Dims{-1}, Dims{1 << 20, 1 << 20}, Dims{INT64_MAX, 2}, Dims(17, 1),
                           Dims{0, INT64_MAX, 3}, Dims{int64_t{1} << 40, 0}}) {
    const auto tensor = Tensor::Allocate(DType::kFloat32, dims);
    REQUIRE_FALSE(tensor);
    CHECK(tensor.error().code == ErrorCode::kLimitExceeded);
  }
  CHECK(Tensor::Allocate(DType::kFloat32, {0, 5}));
  CHECK(Elements(Dims{}) == 1);
}

TEST_CASE("given bytes must be exact") {
  const std::vector<float> values = {1, 2, 3};
  CHECK(Tensor::From<float>({3}, values));
  const auto wrong = Tensor::From<float>({4}, values);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::kInvalidArgument);
  CHECK(wrong.error().message == "a float32 tensor of dims [4] has 16 bytes, but 12 were given");
  CHECK_FALSE(Tensor::FromStrings({2}, {"one"}));
}

TEST_CASE("copies and reshapes share storage; borrowed bytes are kept alive by their owner") {
  auto owner = std::make_shared<std::vector<int32_t>>(std::vector<int32_t>{1, 2, 3, 4});
  const std::weak_ptr<void> watch = owner;
  {
    const auto bytes = std::as_bytes(std::span(*owner));
    auto tensor = Tensor::Borrow(DType::kInt32, {4}, bytes, owner);
    owner.reset();
    REQUIRE(tensor);
    const Tensor square = tensor->Reshaped({2, 2});
    CHECK(square.data() == tensor->data());
    CHECK(square.As<int32_t>()[3] == 4);
    CHECK_FALSE(watch.expired());
  }
  CHECK(watch.expired());
}

}  // namespace
}  // namespace insitu
