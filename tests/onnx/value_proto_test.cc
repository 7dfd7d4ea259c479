// Sequences and optional values as conformance cases store them.
#include "model_builder.h"

namespace insitu::test {
namespace {

std::string Delimited(int field, const std::string& payload) {
  REQUIRE(payload.size() < 128);
  return std::string{static_cast<char>(field << 3 | 2), static_cast<char>(payload.size())} +
         payload;
}

std::string Serialized(std::vector<float> values) {
  return FloatTensor("item", {static_cast<int64_t>(values.size())}, values).SerializeAsString();
}

Result<Tensor> Parsed(const std::string& bytes, DType kind, std::string* name = nullptr) {
  return ParseValueProto(std::as_bytes(std::span(bytes.data(), bytes.size())), kind, name);
}

TEST_CASE("a sequence holds tensors and sequences") {
  std::string name;
  const std::string inner = Delimited(3, Serialized({3}));
  const auto sequence =
      Parsed(Delimited(1, "seq") + Delimited(3, Serialized({1, 2})) + Delimited(5, inner),
             DType::kSequence, &name);
  REQUIRE(sequence);
  CHECK(name == "seq");
  REQUIRE(sequence->items().size() == 2);
  CHECK(sequence->items()[0].As<float>()[1] == 2);
  CHECK(sequence->items()[1].dtype() == DType::kSequence);
  CHECK(sequence->items()[1].items()[0].As<float>()[0] == 3);
}

TEST_CASE("an optional value holds one or none") {
  const auto present = Parsed(Delimited(3, Serialized({7})), DType::kOptional);
  REQUIRE(present);
  REQUIRE(present->items().size() == 1);
  const auto absent = Parsed(Delimited(1, "o"), DType::kOptional);
  REQUIRE(absent);
  CHECK(absent->items().empty());
  const std::string item = Delimited(3, Serialized({7}));
  CHECK(Parsed(item + item, DType::kOptional).error().code == ErrorCode::kInvalidModel);
}

TEST_CASE("damaged values and endless nesting are refused") {
  CHECK(Parsed("\x1a\x7f", DType::kSequence).error().code == ErrorCode::kInvalidModel);
  std::string nested = Delimited(3, Serialized({1}));
  for (int depth = 0; depth < 20; ++depth) nested = Delimited(5, nested);
  CHECK(Parsed(nested, DType::kSequence).error().code == ErrorCode::kLimitExceeded);
}

}  // namespace
}  // namespace insitu::test
