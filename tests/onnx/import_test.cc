// Import: what a well-formed file becomes, and the error for each way of being ill-formed.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "ir/verify.h"
#include "model_builder.h"
#include "support/places.h"

namespace insitu::test {
namespace {

TEST_CASE("a small model becomes a graph with the file's names") {
  ModelBuilder builder = SmallModel();
  auto* entry = builder.model.add_metadata_props();
  entry->set_key("author");
  entry->set_value("me");
  builder.model.set_producer_name("maker");
  builder.model.set_producer_version("2");
  const auto imported = builder.Import();
  REQUIRE(imported);
  CHECK(Print(imported->graph) == R"(graph g {
  metadata "author" = "me"
  input x: float32[batch,2]
  const w: float32[2] = [1.0,2.0]
  a = Relu(x) "relu"
  y = Add(a, w) "add"
  output y
}
)");
  CHECK(Verify(imported->graph));
  CHECK(imported->info.ir_version == 8);
  CHECK(imported->info.opsets.at("") == 17);
  CHECK(imported->info.producer == "maker 2");
  CHECK(imported->info.op_counts.at("Add") == 1);
  CHECK(imported->info.parameters == 2);
  CHECK(imported->info.initializer_bytes == 8);
}

TEST_CASE("large aligned weights are borrowed, small ones copied") {
  ModelBuilder builder;
  onnx::TensorProto large;
  large.set_name("large");
  large.set_data_type(onnx::TensorProto::INT8);
  large.add_dims(2000);
  large.set_raw_data(std::string(2000, '\1'));
  onnx::TensorProto small = large;
  small.set_name("small");
  small.set_dims(0, 100);
  small.set_raw_data(std::string(100, '\2'));
  builder.Initializer(large).Initializer(small).Output("large").Output("small");
  const ModelBytes bytes = ToBytes(builder.Bytes());
  const auto imported = ImportModel(bytes, {});
  REQUIRE(imported);
  const auto inside = [&](const Tensor& tensor) {
    return tensor.data() >= bytes.bytes.data() &&
           tensor.data() < bytes.bytes.data() + bytes.bytes.size();
  };
  const Graph& graph = imported->graph;
  CHECK(inside(*graph.Constant(graph.outputs[0])));
  CHECK_FALSE(inside(*graph.Constant(graph.outputs[1])));
  CHECK(graph.Constant(graph.outputs[0])->As<int8_t>()[1999] == 1);
  CHECK(graph.Constant(graph.outputs[1])->As<int8_t>()[99] == 2);
}

TEST_CASE("weights at odd addresses are copied to where their type may lie") {
  onnx::TensorProto proto;
  proto.set_name("w");
  proto.set_data_type(onnx::TensorProto::FLOAT);
  proto.add_dims(600);
  std::string raw(2400, '\0');
  for (int i = 0; i < 600; ++i) {
    const float value = static_cast<float>(i);
    std::memcpy(raw.data() + 4 * i, &value, 4);
  }
  proto.set_raw_data(raw);
  for (size_t shift = 0; shift < 4; ++shift) {
    ModelBuilder builder;
    builder.graph().set_name(std::string(shift + 1, 'g'));
    builder.Initializer(proto).Output("w");
    const auto imported = builder.Import();
    REQUIRE(imported);
    const Tensor& tensor = *imported->graph.Constant(imported->graph.outputs[0]);
    CHECK(reinterpret_cast<uintptr_t>(tensor.data()) % 4 == 0);
    CHECK(tensor.As<float>()[599] == 599.0f);
  }
}

TEST_CASE("dims: numbers, symbols, and fresh symbols for what is missing") {
  ModelBuilder builder;
  builder.Input("x", {int64_t{3}, "n", ""}).Node("Relu", {"x"}, {"y"}).Output("y");
  builder.Input("s", {}, onnx::TensorProto::INT64);
  auto* unranked = builder.graph().add_input();
  unranked->set_name("u");
  unranked->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::BOOL);
  const auto imported = builder.Import();
  REQUIRE(imported);
  const Graph& graph = imported->graph;
  CHECK(ToString(*graph.value(graph.inputs[0]).type.shape) == "[3,n,x_dim2]");
  CHECK(ToString(*graph.value(graph.inputs[1]).type.shape) == "[]");
  CHECK_FALSE(graph.value(graph.inputs[2]).type.shape);
  CHECK(graph.value(graph.inputs[2]).type.dtype == DType::kBool);
  CHECK(graph.node(0).name == "Relu_0");
}

TEST_CASE("an initializer that is listed as an input is a constant") {
  ModelBuilder builder = SmallModel();
  builder.Input("w", {int64_t{2}});
  for (int64_t version : {3, 8}) {
    builder.model.set_ir_version(version);
    const auto imported = builder.Import();
    REQUIRE(imported);
    CHECK(imported->graph.inputs.size() == 1);
  }
}

TEST_CASE("nodes in any order, unnamed and with omitted connections") {
  ModelBuilder builder;
  builder.Input("x", {int64_t{4}})
      .Initializer(FloatTensor("six", {}, {6}))
      .Node("Add", {"a", "b"}, {"y"})
      .Node("Relu", {"x"}, {"a"}, "Add_0")
      .Node("Clip", {"x", "", "six"}, {"b", ""})
      .Output("y");
  CHECK(builder.Printed() == R"(graph g {
  input x: float32[4]
  const six: float32[] = [6.0]
  a = Relu(x) "Add_0"
  b = Clip(x, _, six) "Clip_2"
  y = Add(a, b) "Add_0_2"
  output y
}
)");
}

TEST_CASE("structural faults are InvalidModel and say where") {
  const auto message = [](const ModelBuilder& builder) {
    const Error error = builder.Failure();
    CHECK(error.code == ErrorCode::kInvalidModel);
    return error.message + (error.node.empty() ? "" : " @" + error.node);
  };
  CHECK(message(SmallModel().Node("Relu", {"nowhere"}, {"z"}, "bad")) ==
        "reads 'nowhere', which no node, input or initializer provides @bad");
  CHECK(message(SmallModel().Node("Relu", {"x"}, {"a"}, "again")) ==
        "the output 'a' has the name of another value @again");
  CHECK(message(SmallModel().Node("Relu", {"x"}, {"w"}, "over")) ==
        "the output 'w' has the name of another value @over");
  CHECK(message(SmallModel().Initializer(FloatTensor("w", {1}, {1}))) ==
        "an initializer 'w' has the name of another value");
  CHECK(message(SmallModel().Input("x", {})) == "the input 'x' is listed twice");
  CHECK(message(SmallModel().Output("y")) == "the output 'y' is listed twice");
  CHECK(message(SmallModel().Output("q")) == "nothing gives the graph output 'q'");
  CHECK(message(SmallModel().Initializer(FloatTensor("", {1}, {1}))) ==
        "an initializer has no name");
  CHECK(message(SmallModel().Node("Add", {"x", "loop"}, {"loop"}, "cycle")) ==
        "the graph has a cycle: this node waits for its own result @cycle");
  CHECK(message(SmallModel().Input("z", {int64_t{-4}})) == "'z' has the negative extent -4");
  CHECK(message(ModelBuilder().Input("x", {})) == "the graph has no outputs");
}

TEST_CASE("absurd extents are refused before memory is asked for") {
  const Error input = SmallModel().Input("z", {int64_t{1} << 40, int64_t{1} << 40}).Failure();
  CHECK(input.code == ErrorCode::kLimitExceeded);
  onnx::TensorProto tensor = FloatTensor("t", {int64_t{1} << 33}, {});
  CHECK(SmallModel().Initializer(tensor).Failure().code == ErrorCode::kLimitExceeded);
  ModelBuilder deep;
  deep.Input("x", std::vector<DimSpec>(40, int64_t{1})).Output("x");
  CHECK(deep.Failure().code == ErrorCode::kLimitExceeded);
  CHECK(SmallModel().Node("Relu", {"x"}, {std::string(5000, 'n')}).Failure().code ==
        ErrorCode::kLimitExceeded);
  ModelBuilder wide = SmallModel();
  for (int i = 0; i < 9000; ++i) wide.Input("x" + std::to_string(i), {});
  CHECK(wide.Failure().code == ErrorCode::kLimitExceeded);
}

TEST_CASE("all unsupported operators are listed in one error") {
  ModelBuilder builder = SmallModel();
  builder.Node("Frobnicate", {"x"}, {"f"}, "first").Node("Frobnicate", {"f"}, {"f2"});
  builder.Node("Blend", {"f2"}, {"b"}, "second");
  builder.last().set_domain("my.domain");
  const Error error = builder.Failure();
  CHECK(error.code == ErrorCode::kUnsupportedOp);
  CHECK(error.message ==
        "the model uses what insitu does not support: Frobnicate (node 'first', "
        "2 times), my.domain.Blend (node 'second')");
  CHECK(error.node == "first");
  CHECK(error.op == "Frobnicate");
  for (int i = 0; i < 30; ++i)
    builder.Node("Op" + std::to_string(i), {"x"}, {"o" + std::to_string(i)});
  CHECK(builder.Failure().message.ends_with("and 12 more"));
}

TEST_CASE("functions, sparse initializers, old and unknown opsets are refused with a reason") {
  ModelBuilder functions = SmallModel();
  functions.model.add_functions()->set_name("f");
  CHECK(functions.Failure().message.find("1 model-local functions") != std::string::npos);
  ModelBuilder sparse = SmallModel();
  sparse.graph().add_sparse_initializer();
  CHECK(sparse.Failure().code == ErrorCode::kUnsupportedOp);
  for (int64_t opset : {0, 1, 5, 24, 1000}) {
    ModelBuilder builder = SmallModel();
    builder.model.mutable_opset_import(0)->set_version(opset);
    const Error error = builder.Failure();
    CHECK(error.code == ErrorCode::kUnsupportedOp);
    CHECK(error.message.find("opset " + std::to_string(opset)) != std::string::npos);
  }
  ModelBuilder unchanged(1);  // Not is the same in all opsets
  unchanged.Input("x", {int64_t{2}}, onnx::TensorProto::BOOL).Node("Not", {"x"}, {"y"}, "n");
  CHECK(unchanged.Output("y").Printed().find("y = Not(x)") != std::string::npos);
  ModelBuilder none = SmallModel();
  none.model.clear_opset_import();
  CHECK(none.Failure().code == ErrorCode::kUnsupportedOp);
  ModelBuilder two = SmallModel();
  auto* second = two.model.add_opset_import();
  second->set_domain("ai.onnx");
  second->set_version(11);
  CHECK(two.Failure().code == ErrorCode::kInvalidModel);
}

TEST_CASE("attributes are checked against the operator") {
  ModelBuilder extra = SmallModel();
  extra.Node("Relu", {"x"}, {"z"}, "odd").Int("nonsense", 1);
  CHECK(extra.Failure().code == ErrorCode::kUnsupportedOp);
  CHECK(extra.Failure().node == "odd");
  ModelBuilder wrong = SmallModel();
  wrong.Node("Softmax", {"x"}, {"z"}).Float("axis", 1);
  CHECK(wrong.Failure().code == ErrorCode::kInvalidModel);
  CHECK(wrong.Failure().message == "the attribute 'axis' must be an integer, but is a float");
  ModelBuilder twice = SmallModel();
  twice.Node("Softmax", {"x"}, {"z"}).Int("axis", 1).Int("axis", 1);
  CHECK(twice.Failure().code == ErrorCode::kInvalidModel);
  ModelBuilder untyped = SmallModel();
  untyped.Node("Softmax", {"x"}, {"z"}).Int("axis", 1);
  untyped.last().mutable_attribute(0)->clear_type();
  CHECK(untyped.Import());
}

TEST_CASE("sequences of nothing and complex numbers are unsupported types") {
  ModelBuilder sequence = SmallModel();
  auto* info = sequence.graph().add_input();
  info->set_name("seq");
  info->mutable_type()->mutable_sequence_type();
  CHECK(sequence.Failure().code == ErrorCode::kUnsupportedType);
  CHECK(SmallModel().Input("c", {}, onnx::TensorProto::COMPLEX64).Failure().code ==
        ErrorCode::kUnsupportedType);
  CHECK(SmallModel().Input("c", {}, 0).Failure().code == ErrorCode::kInvalidModel);
  ModelBuilder untyped = SmallModel();
  untyped.graph().add_input()->set_name("t");
  CHECK(untyped.Failure().code == ErrorCode::kInvalidModel);
}

TEST_CASE("types that operators refuse are listed together") {
  ModelBuilder builder = SmallModel();
  builder.Input("s", {int64_t{2}}, onnx::TensorProto::STRING);
  builder.Node("Relu", {"s"}, {"r"}, "first").Node("Softmax", {"r"}, {"later"}, "behind it");
  builder.Node("Exp", {"s"}, {"e"}, "second").Node("Abs", {"x"}, {"fine"});
  auto imported = ImportModel(ToBytes(builder.Bytes()), {});
  REQUIRE(imported);
  const Status status = InferShapes(imported->graph);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == ErrorCode::kUnsupportedType);
  for (const char* part : {"Relu", "'first'", "Exp", "'second'"})
    CHECK(status.error().message.contains(part));
  CHECK_FALSE(status.error().message.contains("Softmax"));
  const auto inspection = InspectModel(ToBytes(builder.Bytes()), {});
  REQUIRE(inspection);
  CHECK(inspection->unsupported.size() == 2);
}

TEST_CASE("inspection reports what import refuses") {
  ModelBuilder builder = SmallModel();
  builder.Node("Frobnicate", {"x"}, {"f"});
  builder.Input("w", {int64_t{2}});
  const auto inspection = InspectModel(ToBytes(builder.Bytes()), {});
  REQUIRE(inspection);
  REQUIRE(inspection->unsupported.size() == 1);
  CHECK(inspection->unsupported[0].op == "Frobnicate");
  CHECK(inspection->unsupported[0].node == "Frobnicate_2");
  CHECK(inspection->info.op_counts.at("Relu") == 1);
  REQUIRE(inspection->inputs.size() == 1);
  CHECK(inspection->inputs[0].first == "x");
  CHECK(ToString(*inspection->inputs[0].second.shape) == "[batch,2]");
  CHECK(inspection->outputs[0].first == "y");
  CHECK(InspectModel(ToBytes(SmallModel().Bytes()), {})->unsupported.empty());
  CHECK_FALSE(InspectModel(ToBytes("junk"), {}));
}

ModelBytes ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  return ToBytes(text);
}

TEST_CASE("the shared models end in a graph or a typed refusal") {
  const std::string models = SharedModelsDir();
  if (!std::filesystem::exists(models)) SKIP("no shared models at " << models);
  size_t seen = 0;
  for (const auto& folder : std::filesystem::directory_iterator(models)) {
    if (!std::filesystem::exists(folder.path() / "model.onnx")) continue;
    ++seen;
    INFO(folder.path());
    ImportOptions options;
    options.external_data = [&](const std::string& location) -> Result<ModelBytes> {
      return ReadFile(folder.path() / location);
    };
    const ModelBytes bytes = ReadFile(folder.path() / "model.onnx");
    const auto imported = ImportModel(bytes, options);
    if (!imported) {
      INFO(ToString(imported.error()));
      CHECK((imported.error().code == ErrorCode::kUnsupportedOp ||
             imported.error().code == ErrorCode::kUnsupportedType));
      WARN(folder.path().filename() << ": " << ToString(imported.error()));
    }
    const auto inspection = InspectModel(bytes, {});
    REQUIRE(inspection);
    CHECK(inspection->unsupported.empty() == imported.has_value());
  }
  CHECK(seen > 0);
}

}  // namespace
}  // namespace insitu::test
