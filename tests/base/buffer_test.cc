// Buffer: alignment, padding, injected failure, and the count of live bytes.
#include "base/buffer.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <limits>
#include <string_view>

namespace insitu {
namespace {

TEST_CASE("buffers are aligned and their padding is readable and zero") {
  for (size_t size : {size_t{0}, size_t{1}, size_t{63}, size_t{64}, size_t{1000}}) {
    auto buffer = Buffer::Allocate(size);
    REQUIRE(buffer);
    CHECK(buffer->size() == size);
    CHECK(reinterpret_cast<uintptr_t>(buffer->data()) % kBufferAlignment == 0);
    for (size_t i = 1; i <= kBufferPadding; ++i)
      CHECK(buffer->data()[-static_cast<ptrdiff_t>(i)] == std::byte{0});
    for (size_t i = 0; i < kBufferPadding; ++i) CHECK(buffer->data()[size + i] == std::byte{0});
  }
}

TEST_CASE("buffers fail instead of ending the process") {
  const auto huge = Buffer::Allocate(std::numeric_limits<size_t>::max());
  REQUIRE_FALSE(huge);
  CHECK(huge.error().code == ErrorCode::kOutOfMemory);
  CHECK_FALSE(huge.error().hint.empty());

  FailBufferAllocationAfter(1);
  CHECK(Buffer::Allocate(8));
  CHECK_FALSE(Buffer::Zeroed(8));
  CHECK(Buffer::Allocate(8));
  FailBufferAllocationAfter(-1);
}

TEST_CASE("buffers grow, keep what they hold, and are as they were where memory is refused") {
  const char text[] = "abc";
  auto buffer = Buffer::Copy(text, sizeof text);
  REQUIRE(buffer);
  const std::byte* const before = buffer->data();
  REQUIRE(buffer->Grow(2));
  CHECK(buffer->data() == before);
  REQUIRE(buffer->Grow(1000));
  CHECK(buffer->size() >= 1000);
  CHECK(std::string_view(reinterpret_cast<const char*>(buffer->data())) == "abc");
  const size_t size = buffer->size();
  CHECK_FALSE(buffer->Grow(std::numeric_limits<size_t>::max()));
  CHECK(buffer->size() == size);
  CHECK(std::string_view(reinterpret_cast<const char*>(buffer->data())) == "abc");
}

TEST_CASE("buffers are counted while they live, also when moved") {
  const int64_t before = LiveBufferBytes();
  {
    const char text[] = "abc";
    auto copy = Buffer::Copy(text, sizeof text);
    REQUIRE(copy);
    CHECK(LiveBufferBytes() == before + 4);
    Buffer moved = *std::move(copy);
    CHECK(LiveBufferBytes() == before + 4);
    CHECK(static_cast<char>(moved.data()[1]) == 'b');
    auto other = Buffer::Zeroed(10);
    REQUIRE(other);
    CHECK(other->data()[9] == std::byte{0});
    moved = *std::move(other);
    CHECK(moved.size() == 10);
  }
  CHECK(LiveBufferBytes() == before);
}

}  // namespace
}  // namespace insitu
