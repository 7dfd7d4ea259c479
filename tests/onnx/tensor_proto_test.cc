// TensorProto in each of its storage forms, for each element type.
#include <catch2/catch_test_macros.hpp>

#include "model_builder.h"

namespace insitu::test {
namespace {

Result<Tensor> Parsed(const onnx::TensorProto& proto) {
  const std::string text = proto.SerializeAsString();
  return ParseValueProto(std::as_bytes(std::span(text.data(), text.size())));
}

onnx::TensorProto Typed(int type, std::vector<int64_t> dims) {
  onnx::TensorProto proto;
  proto.set_name("t");
  proto.set_data_type(type);
  proto.mutable_dims()->Add(dims.begin(), dims.end());
  return proto;
}

template <class T>
std::vector<T> Values(const Result<Tensor>& tensor) {
  if (!tensor) FAIL(ToString(tensor.error()));
  const auto span = tensor->As<T>();
  return {span.begin(), span.end()};
}

using Type = onnx::TensorProto;

TEST_CASE("typed lists") {
  auto proto = Typed(Type::FLOAT, {2});
  proto.add_float_data(1.5f), proto.add_float_data(-2);
  CHECK(Values<float>(Parsed(proto)) == std::vector<float>{1.5f, -2});
  proto = Typed(Type::DOUBLE, {1});
  proto.add_double_data(0.1);
  CHECK(Values<double>(Parsed(proto)) == std::vector<double>{0.1});
  proto = Typed(Type::INT64, {1});
  proto.add_int64_data(INT64_MIN);
  CHECK(Values<int64_t>(Parsed(proto)) == std::vector<int64_t>{INT64_MIN});
  proto = Typed(Type::UINT64, {1});
  proto.add_uint64_data(UINT64_MAX);
  CHECK(Values<uint64_t>(Parsed(proto)) == std::vector<uint64_t>{UINT64_MAX});
  proto = Typed(Type::UINT32, {1});
  proto.add_uint64_data(0xffffffff);
  CHECK(Values<uint32_t>(Parsed(proto)) == std::vector<uint32_t>{0xffffffff});
  const auto small = [](int type, std::vector<int32_t> values) {
    auto tensor = Typed(type, {static_cast<int64_t>(values.size())});
    tensor.mutable_int32_data()->Add(values.begin(), values.end());
    return Parsed(tensor);
  };
  CHECK(Values<int32_t>(small(Type::INT32, {-5})) == std::vector<int32_t>{-5});
  CHECK(Values<int16_t>(small(Type::INT16, {-5})) == std::vector<int16_t>{-5});
  CHECK(Values<uint16_t>(small(Type::UINT16, {65535})) == std::vector<uint16_t>{65535});
  CHECK(Values<int8_t>(small(Type::INT8, {-128, 127})) == std::vector<int8_t>{-128, 127});
  CHECK(Values<uint8_t>(small(Type::UINT8, {255})) == std::vector<uint8_t>{255});
  CHECK(Values<uint8_t>(small(Type::BOOL, {0, 1, 256})) == std::vector<uint8_t>{0, 1, 1});
  CHECK(Values<uint16_t>(small(Type::FLOAT16, {0x3c00})) == std::vector<uint16_t>{0x3c00});
  CHECK(Values<uint16_t>(small(Type::BFLOAT16, {0x3f80})) == std::vector<uint16_t>{0x3f80});
  CHECK(Values<uint8_t>(small(Type::FLOAT8E5M2, {0x3c})) == std::vector<uint8_t>{0x3c});
}

TEST_CASE("4-bit elements come two to a stored number") {
  auto proto = Typed(Type::INT4, {3});
  proto.add_int32_data(0x21), proto.add_int32_data(0x0f);
  const auto tensor = Parsed(proto);
  REQUIRE(tensor);
  CHECK(tensor->bytes()[0] == std::byte{0x21});
  CHECK(tensor->bytes()[1] == std::byte{0x0f});
  proto.add_int32_data(0);
  CHECK(Parsed(proto).error().code == ErrorCode::kInvalidModel);
}

TEST_CASE("strings and their count") {
  auto proto = Typed(Type::STRING, {2});
  proto.add_string_data("a"), proto.add_string_data("");
  REQUIRE(Parsed(proto));
  CHECK(Parsed(proto)->strings() == std::vector<std::string>{"a", ""});
  proto.add_string_data("c");
  CHECK(Parsed(proto).error().code == ErrorCode::kInvalidModel);
}

TEST_CASE("raw bytes, booleans made 0 and 1") {
  auto proto = Typed(Type::INT16, {2});
  proto.set_raw_data(std::string("\x01\x02\xff\xff", 4));
  CHECK(Values<int16_t>(Parsed(proto)) == std::vector<int16_t>{0x0201, -1});
  proto = Typed(Type::BOOL, {3});
  proto.set_raw_data(std::string("\x00\x01\x77", 3));
  CHECK(Values<uint8_t>(Parsed(proto)) == std::vector<uint8_t>{0, 1, 1});
  proto = Typed(Type::FLOAT, {0});
  CHECK(Values<float>(Parsed(proto)).empty());
}

TEST_CASE("the name is given back") {
  const std::string text = FloatTensor("logits", {1}, {3}).SerializeAsString();
  std::string name;
  REQUIRE(ParseValueProto(std::as_bytes(std::span(text.data(), text.size())), DType::kUndefined,
                          &name));
  CHECK(name == "logits");
}

TEST_CASE("wrong sizes, forms and types are refused") {
  auto proto = Typed(Type::FLOAT, {2});
  CHECK(Parsed(proto).error().code == ErrorCode::kInvalidModel);
  proto.set_raw_data("1234567");
  CHECK(Parsed(proto).error().message ==
        "tensor 't': its type float32 and dims [2] need 8 bytes, but it has 7");
  proto.set_raw_data("12345678");
  proto.add_float_data(1);
  CHECK(Parsed(proto).error().code == ErrorCode::kInvalidModel);
  proto = Typed(Type::COMPLEX128, {1});
  CHECK(Parsed(proto).error().code == ErrorCode::kUnsupportedType);
  CHECK(Parsed(Typed(99, {1})).error().code == ErrorCode::kUnsupportedType);
  CHECK(Parsed(Typed(Type::FLOAT, {-1})).error().code == ErrorCode::kInvalidModel);
  CHECK(Parsed(Typed(Type::DOUBLE, {int64_t{1} << 31})).error().code != ErrorCode::kInternal);
  proto = Typed(Type::FLOAT, {1});
  proto.set_data_location(Type::EXTERNAL);
  CHECK(Parsed(proto).error().code == ErrorCode::kInvalidModel);
  proto = Typed(Type::FLOAT, {1});
  proto.mutable_segment();
  CHECK(Parsed(proto).error().code == ErrorCode::kUnsupportedType);
}

}  // namespace
}  // namespace insitu::test
