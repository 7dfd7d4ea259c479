// Graphs that are written and read again: the same graph, with bodies and what they capture, and
// every kind of attribute and constant.
#include "onnx/export.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>

#include "ir/text.h"
#include "onnx/import.h"
#include "onnx/model_builder.h"
#include "ops/op_def.h"

namespace insitu::test {
namespace {

using Proto = onnx::TensorProto;

Graph Imported(std::span<const std::byte> bytes) {
  const auto owner = std::make_shared<Buffer>(*Buffer::Copy(bytes.data(), bytes.size()));
  auto imported = ImportModel({{owner->data(), owner->size()}, owner}, {});
  INFO((imported ? "" : ToString(imported.error())));
  REQUIRE(imported);
  REQUIRE(InferShapes(imported->graph));
  return std::move(imported->graph);
}

void CheckRoundTrip(const ModelBuilder& builder) {
  const std::string bytes = builder.Bytes();
  const Graph graph = Imported(std::as_bytes(std::span(bytes)));
  const Buffer written = *ExportModel(graph);
  const Graph again = Imported({written.data(), written.size()});
  CHECK(Print(again, {.max_constant_elements = 1000}) ==
        Print(graph, {.max_constant_elements = 1000}));
  CHECK(again.metadata == graph.metadata);
}

TEST_CASE("a graph is written with its attributes, constants, symbols and metadata") {
  ModelBuilder builder(21);
  auto& entry = *builder.model.add_metadata_props();
  entry.set_key("key");
  entry.set_value("value");
  builder.Input("x", {std::string("batch"), int64_t{1}, int64_t{4}, int64_t{4}})
      .Initializer(FloatTensor("w", {2, 1, 3, 3}, std::vector<float>(18, 0.5F)))
      .Node("Conv", {"x", "w"}, {"c"})
      .Ints("pads", {1, 1, 1, 1})
      .Text("auto_pad", "NOTSET")
      .Node("Clip", {"c", "", "high"}, {"k"})
      .Initializer(FloatTensor("high", {}, {6}))
      .Node("LeakyRelu", {"k"}, {"y"})
      .Float("alpha", 0.25F)
      .Output("y");
  CheckRoundTrip(builder);
}

TEST_CASE("what bodies capture of constants is written once") {
  ModelBuilder builder(21);
  builder.Input("x", {int64_t{100}}).Input("which", {}, Proto::BOOL);
  builder.Initializer(FloatTensor("w", {100}, std::vector<float>(100, 0.5F)));
  builder.Node("If", {"which"}, {"y"});
  for (const char* name : {"then_branch", "else_branch"}) {
    onnx::GraphProto& body = *builder.Attribute(name, onnx::AttributeProto::GRAPH)->mutable_g();
    body.set_name(name);
    onnx::NodeProto& node = *body.add_node();
    node.set_op_type(name[0] == 't' ? "Add" : "Mul");
    node.add_input("x");
    node.add_input("w");
    node.add_output(name);
    body.add_output()->set_name(name);
  }
  builder.Output("y");
  const std::string bytes = builder.Bytes();
  const Buffer written = *ExportModel(Imported(std::as_bytes(std::span(bytes))));
  CHECK(written.size() < bytes.size() + 200);
  CHECK_NOTHROW(Imported({written.data(), written.size()}));
}

TEST_CASE("bodies are written with the names that they capture") {
  ModelBuilder builder(21);
  builder.Input("x", {int64_t{2}}).Input("which", {}, Proto::BOOL);
  builder.Node("Abs", {"x"}, {"a"}).Node("If", {"which"}, {"y"});
  for (const char* name : {"then_branch", "else_branch"}) {
    onnx::GraphProto& body = *builder.Attribute(name, onnx::AttributeProto::GRAPH)->mutable_g();
    body.set_name(name);
    onnx::NodeProto& node = *body.add_node();
    node.set_op_type(name[0] == 't' ? "Neg" : "Relu");
    node.add_input("a");
    node.add_output("inner");  // the name is taken twice
    body.add_output()->set_name("inner");
  }
  builder.Output("y");
  const std::string bytes = builder.Bytes();
  const Graph graph = Imported(std::as_bytes(std::span(bytes)));
  const Buffer once = *ExportModel(graph);
  const Buffer twice = *ExportModel(Imported({once.data(), once.size()}));
  CHECK(std::ranges::equal(std::span(once.data(), once.size()),
                           std::span(twice.data(), twice.size())));
  const std::string text = Print(Imported({once.data(), once.size()}));
  INFO(text);
  CHECK(text.find("Neg(") != std::string::npos);
  CHECK(text.find("Relu(") != std::string::npos);
}

TEST_CASE("a model of more bytes than a file can have is refused, whatever its size wraps to") {
  const Tensor shared = *Tensor::Allocate(DType::kUint8, {1 << 20});
  for (const int more : {0, 2}) {
    Graph graph;
    for (int i = 0; i < 4096 + more; ++i) {
      const ValueId id = graph.AddConstant("w", shared);
      graph.outputs.push_back(id);
    }
    const auto written = ExportModel(graph);
    REQUIRE_FALSE(written);
    CHECK(written.error().code == ErrorCode::kLimitExceeded);
  }
}

}  // namespace
}  // namespace insitu::test
