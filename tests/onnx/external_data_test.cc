// External data: where it may lie, what is read of it, and what is said when it is missing.
#include "onnx/external_data.h"

#include <catch2/catch_test_macros.hpp>
#include <cstring>

#include "model_builder.h"

namespace insitu::test {
namespace {

onnx::TensorProto External(const std::string& location, const std::string& offset = "",
                           const std::string& length = "") {
  onnx::TensorProto tensor;
  tensor.set_name("w");
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  tensor.add_dims(2);
  tensor.set_data_location(onnx::TensorProto::EXTERNAL);
  const auto add = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    auto* entry = tensor.add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  };
  add("location", location);
  add("offset", offset);
  add("length", length);
  return tensor;
}

ModelBuilder WithTensor(const onnx::TensorProto& tensor) {
  ModelBuilder builder;
  builder.Input("x", {int64_t{2}}).Initializer(tensor).Node("Add", {"x", "w"}, {"y"}).Output("y");
  return builder;
}

// A file of the floats 0, 1, ... 9.
ImportOptions TenFloats(std::vector<std::string>* asked = nullptr) {
  ImportOptions options;
  options.external_data = [asked](const std::string& location) -> Result<ModelBytes> {
    if (asked) asked->push_back(location);
    std::string bytes(40, '\0');
    for (int i = 0; i < 10; ++i) {
      const float value = static_cast<float>(i);
      std::memcpy(bytes.data() + 4 * i, &value, 4);
    }
    return ToBytes(bytes);
  };
  return options;
}

TEST_CASE("external bytes are read at their offset, each file once") {
  std::vector<std::string> asked;
  ModelBuilder builder = WithTensor(External("data/w.bin", "8", "8"));
  onnx::TensorProto second = External("data/w.bin");
  second.set_name("v");
  builder.Initializer(second).Output("v");
  const auto imported = builder.Import(TenFloats(&asked));
  REQUIRE(imported);
  CHECK(asked == std::vector<std::string>{"data/w.bin"});
  const Graph& graph = imported->graph;
  const Tensor* w = graph.Constant(graph.node(0).inputs[1]);
  REQUIRE(w);
  CHECK(w->As<float>()[0] == 2.0f);
  CHECK(w->As<float>()[1] == 3.0f);
  CHECK(graph.Constant(graph.outputs[1])->As<float>()[0] == 0.0f);
}

TEST_CASE("a missing file is named, and how to pass it") {
  const Error error = WithTensor(External("w.bin")).Failure();
  CHECK(error.code == ErrorCode::kInvalidArgument);
  CHECK(error.message.find("'w.bin'") != std::string::npos);
  CHECK(error.hint == "Pass externalData: {'w.bin': ...} when loading the model.");
  ImportOptions refuses;
  refuses.external_data = [](const std::string&) -> Result<ModelBytes> {
    return Fail(ErrorCode::kNetwork, "404");
  };
  const Error passed_on = WithTensor(External("w.bin")).Failure(refuses);
  CHECK(passed_on.code == ErrorCode::kNetwork);
  CHECK(passed_on.message == "external data 'w.bin': 404");
  CHECK(passed_on.hint == error.hint);
}

TEST_CASE("locations may not leave the model's folder") {
  for (const char* bad :
       {"../w", "a/../../w", "/etc/passwd", "a\\b", "http://x/w", "C:w", "..", "a/..", "file:w"}) {
    INFO(bad);
    std::vector<std::string> asked;
    CHECK(WithTensor(External(bad)).Failure(TenFloats(&asked)).code == ErrorCode::kInvalidModel);
    CHECK(asked.empty());
    CHECK_FALSE(CheckLocation(bad));
  }
  CHECK_FALSE(CheckLocation(""));
  CHECK_FALSE(CheckLocation(std::string("a\0b", 3)));
  CHECK_FALSE(CheckLocation(std::string(5000, 'a')));
  for (const char* good : {"w", "dir/w.bin", "..w", "w..", "a/..b/c", "./w"})
    CHECK(CheckLocation(good));
}

TEST_CASE("offsets and lengths are checked against the file") {
  const auto code = [](const std::string& offset, const std::string& length) {
    return WithTensor(External("w", offset, length)).Failure(TenFloats()).code;
  };
  CHECK(code("36", "") == ErrorCode::kInvalidModel);
  CHECK(code("40", "") == ErrorCode::kInvalidModel);
  CHECK(code("18446744073709551615", "") == ErrorCode::kInvalidModel);
  CHECK(code("18446744073709551616", "") == ErrorCode::kInvalidModel);
  CHECK(code("-4", "") == ErrorCode::kInvalidModel);
  CHECK(code("0", "4") == ErrorCode::kInvalidModel);
  CHECK(code("0", "12") == ErrorCode::kInvalidModel);
  CHECK(code("0x4", "") == ErrorCode::kInvalidModel);
  CHECK(WithTensor(External("w", "32", "8")).Import(TenFloats()));
}

TEST_CASE("inspection needs no external data") {
  const auto inspection = InspectModel(ToBytes(WithTensor(External("w.bin")).Bytes()), {});
  REQUIRE(inspection);
  CHECK(inspection->unsupported.empty());
  CHECK(inspection->info.parameters == 2);
}

}  // namespace
}  // namespace insitu::test
