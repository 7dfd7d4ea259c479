// SHA-256 against the vectors of FIPS 180-4 (NIST's examples) and every way of cutting a message.
#include "base/sha256.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>

namespace insitu {
namespace {

std::string HexOf(std::string_view text) {
  return ToHex(Sha256Of(std::as_bytes(std::span(text.data(), text.size()))));
}

TEST_CASE("NIST's examples") {
  CHECK(HexOf("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(HexOf("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(HexOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(HexOf("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopq"
              "klmnopqrlmnopqrsmnopqrstnopqrstu") ==
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  CHECK(HexOf(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("The digest does not depend on the cuts, at every length around a block") {
  std::string message;
  for (int length = 0; length <= 200; ++length) {
    const auto bytes = std::as_bytes(std::span(message.data(), message.size()));
    const std::string whole = ToHex(Sha256Of(bytes));
    Sha256 hash;
    for (size_t at = 0, step = 1; at < bytes.size(); step = step * 2 % 67 + 1) {
      const size_t taken = std::min(step, bytes.size() - at);
      hash.Update(bytes.subspan(at, taken));
      hash.Update({});
      at += taken;
    }
    CHECK(ToHex(hash.Finish()) == whole);
    message += static_cast<char>('a' + length % 26);
  }
}

TEST_CASE("An object is as new after Finish") {
  Sha256 hash;
  const std::string_view text = "abc";
  hash.Update(std::as_bytes(std::span(text.data(), text.size())));
  hash.Finish();
  hash.Update(std::as_bytes(std::span(text.data(), text.size())));
  CHECK(ToHex(hash.Finish()) == HexOf("abc"));
}

}  // namespace
}  // namespace insitu
