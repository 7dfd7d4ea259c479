// Opset normalisation: each old form becomes the newest one, shown as text.
#include "onnx/opset.h"

#include <catch2/catch_test_macros.hpp>

#include "model_builder.h"
#include "ops/op_def.h"

namespace insitu::test {
namespace {

// The lines of the printed graph between inputs and outputs, without indentation.
std::string Body(const ModelBuilder& builder) {
  const std::string text = builder.Printed();
  std::string body;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    std::string line = text.substr(start, end - start);
    start = end + 1;
    const size_t first = line.find_first_not_of(' ');
    line = first == std::string::npos ? "" : line.substr(first);
    if (line.starts_with("graph ") || line.starts_with("input ") || line.starts_with("output ") ||
        line == "}")
      continue;
    body += line + "\n";
  }
  return body;
}

ModelBuilder OneNode(int64_t opset, const std::string& op, std::vector<std::string> outputs = {"y"},
                     std::vector<DimSpec> dims = {int64_t{2}, int64_t{3}, int64_t{4}}) {
  ModelBuilder builder(opset);
  builder.Input("x", std::move(dims)).Node(op, {"x"}, outputs, "n");
  for (const std::string& output : outputs) builder.Output(output);
  return builder;
}

TEST_CASE("operands of opset 6 are aligned for broadcasting") {
  const auto two_inputs = [](const std::string& op, std::vector<DimSpec> dims) {
    ModelBuilder builder(6);
    builder.Input("x", {int64_t{2}, int64_t{3}, int64_t{4}, int64_t{5}})
        .Input("b", std::move(dims))
        .Node(op, {"x", "b"}, {"y"}, "n")
        .Output("y");
    return builder;
  };
  const std::string aligned =
      "const n_axes: int64[2] = [1,2]\nn_aligned = Unsqueeze(b, n_axes) \"n_align\"\n";
  CHECK(Body(two_inputs("Add", {int64_t{3}}).Int("broadcast", 1).Int("axis", 1)) ==
        aligned + "y = Add(x, n_aligned) \"n\"\n");
  CHECK(Body(two_inputs("PRelu", {int64_t{3}})) == aligned + "y = PRelu(x, n_aligned) \"n\"\n");
  CHECK(Body(two_inputs("PRelu", {int64_t{1}})) == "y = PRelu(x, b) \"n\"\n");
  CHECK(Body(two_inputs("Mul", {int64_t{4}, int64_t{5}}).Int("broadcast", 1).Int("axis", 2)) ==
        "y = Mul(x, b) \"n\"\n");
  CHECK(Body(two_inputs("Less", {int64_t{5}}).Int("broadcast", 1)) == "y = Less(x, b) \"n\"\n");
  CHECK(two_inputs("Sub", {int64_t{5}}).Int("broadcast", 1).Int("axis", 4).Failure().code ==
        ErrorCode::kInvalidModel);
  CHECK(Body(OneNode(6, "Upsample", {"y"}, {int64_t{1}, int64_t{1}, int64_t{2}, int64_t{2}})
                 .Float("height_scale", 2)
                 .Float("width_scale", 3)) ==
        "const n_scales: float32[4] = [1.0,1.0,2.0,3.0]\n"
        "y = Resize(x, _, n_scales) {coordinate_transformation_mode=\"asymmetric\", "
        "mode=\"nearest\", nearest_mode=\"floor\"} \"n\"\n");
}

TEST_CASE("axes become an input") {
  CHECK(Body(OneNode(11, "Unsqueeze").Ints("axes", {0, 2})) ==
        "const n_axes: int64[2] = [0,2]\ny = Unsqueeze(x, n_axes) \"n\"\n");
  CHECK(Body(OneNode(12, "Squeeze")) == "y = Squeeze(x) \"n\"\n");
  CHECK(Body(OneNode(17, "ReduceMean").Ints("axes", {1}).Int("keepdims", 0)) ==
        "const n_axes: int64[1] = [1]\ny = ReduceMean(x, n_axes) {keepdims=0} \"n\"\n");
  ModelBuilder both = OneNode(11, "Squeeze").Ints("axes", {0});
  both.last().add_input("x");
  CHECK(both.Failure().code == ErrorCode::kInvalidModel);
  CHECK(OneNode(13, "Unsqueeze").Ints("axes", {0}).Failure().code == ErrorCode::kUnsupportedOp);
}

TEST_CASE("bounds of Clip become inputs of the data's type") {
  CHECK(Body(OneNode(10, "Clip").Float("min", 0).Float("max", 6)) ==
        "const n_min: float32[] = [0.0]\nconst n_max: float32[] = [6.0]\n"
        "y = Clip(x, n_min, n_max) \"n\"\n");
  CHECK(Body(OneNode(7, "Clip").Float("max", 6)) ==
        "const n_max: float32[] = [6.0]\ny = Clip(x, _, n_max) \"n\"\n");
  ModelBuilder half(9);
  half.Input("x", {int64_t{2}}, onnx::TensorProto::FLOAT16)
      .Node("Relu", {"x"}, {"a"}, "r")
      .Node("Clip", {"a"}, {"y"}, "n")
      .Float("min", 1)
      .Output("y");
  CHECK(Body(half) ==
        "const n_min: float16[] = [0x3c00]\na = Relu(x) \"r\"\n"
        "y = Clip(a, n_min) \"n\"\n");
}

TEST_CASE("pads, slices and splits") {
  CHECK(Body(OneNode(10, "Pad").Ints("pads", {0, 0, 1, 0, 0, 1}).Float("value", 2)) ==
        "const n_pads: int64[6] = [0,0,1,0,0,1]\nconst n_value: float32[] = [2.0]\n"
        "y = Pad(x, n_pads, n_value) \"n\"\n");
  CHECK(OneNode(10, "Pad").Failure().code == ErrorCode::kInvalidModel);
  CHECK(Body(OneNode(9, "Slice").Ints("starts", {1}).Ints("ends", {2}).Ints("axes", {0})) ==
        "const n_starts: int64[1] = [1]\nconst n_ends: int64[1] = [2]\n"
        "const n_axes: int64[1] = [0]\ny = Slice(x, n_starts, n_ends, n_axes) \"n\"\n");
  CHECK(Body(OneNode(11, "Split", {"y", "z"}).Ints("split", {1, 2}).Int("axis", 1)) ==
        "const n_split: int64[2] = [1,2]\ny, z = Split(x, n_split) {axis=1} \"n\"\n");
  CHECK(Body(OneNode(13, "Split", {"y", "z"})) == "y, z = Split(x) {num_outputs=2} \"n\"\n");
}

TEST_CASE("Softmax before opset 13 flattened at its axis") {
  CHECK(Body(OneNode(11, "Softmax").Int("axis", 2)) == "y = Softmax(x) {axis=2} \"n\"\n");
  CHECK(Body(OneNode(11, "Softmax").Int("axis", -1)) == "y = Softmax(x) {axis=2} \"n\"\n");
  CHECK(Body(OneNode(9, "Softmax", {"y"}, {"b", int64_t{10}})) ==
        "y = Softmax(x) {axis=1} \"n\"\n");
  CHECK(Body(OneNode(9, "Softmax", {"y"}, {"b", int64_t{10}, int64_t{1}, int64_t{1}})) ==
        "y = Softmax(x) {axis=1} \"n\"\n");
  CHECK(Body(OneNode(9, "Softmax", {"y"}, {"b", int64_t{1}, int64_t{7}})) ==
        "y = Softmax(x) {axis=2} \"n\"\n");
  const std::string flattened =
      "n_shape = Shape(x) \"n_shape\"\nn_flat = Flatten(x) {axis=1} \"n_flatten\"\n"
      "n_result = Softmax(n_flat) {axis=1} \"n\"\n"
      "y = Reshape(n_result, n_shape) \"n_reshape\"\n";
  CHECK(Body(OneNode(11, "Softmax").Int("axis", 1)) == flattened);
  CHECK(Body(OneNode(11, "Softmax")) == flattened);
  CHECK(Body(OneNode(13, "Softmax").Int("axis", 1)) == "y = Softmax(x) {axis=1} \"n\"\n");
}

TEST_CASE("what comes behind a flattened Softmax still knows its type") {
  ModelBuilder builder(10);
  builder.Input("x", {int64_t{2}, int64_t{3}, int64_t{4}}, onnx::TensorProto::FLOAT16)
      .Node("Softmax", {"x"}, {"s"}, "s")
      .Node("Clip", {"s"}, {"y"}, "n")
      .Float("min", 1)
      .Output("y");
  CHECK(Body(builder).find("const n_min: float16[] = [0x3c00]") != std::string::npos);
}

TEST_CASE("constants lose their nodes in every form") {
  ModelBuilder builder(13);
  builder.Node("Constant", {}, {"a"}).Float("value_float", 1.5f);
  builder.Node("Constant", {}, {"b"}).Ints("value_ints", {1, 2});
  builder.Node("Constant", {}, {"c"}).Int("value_int", -3);
  builder.Node("Constant", {}, {"d"}).Floats("value_floats", {0.5f});
  builder.Node("Constant", {}, {"e"}).Text("value_string", "s");
  builder.Node("Constant", {}, {"f"});
  *builder.Attribute("value", onnx::AttributeProto::TENSOR)->mutable_t() = IntTensor("t", {9});
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) builder.Output(name);
  CHECK(Body(builder) ==
        "const a: float32[] = [1.5]\nconst b: int64[2] = [1,2]\nconst c: int64[] = [-3]\n"
        "const d: float32[1] = [0.5]\nconst e: string[] = [\"s\"]\nconst f: int64[1] = [9]\n");
  ModelBuilder empty(13);
  empty.Node("Constant", {}, {"y"}).Output("y");
  CHECK(empty.Failure().code == ErrorCode::kInvalidModel);
  empty.Int("value_float", 3);
  CHECK(empty.Failure().code == ErrorCode::kInvalidModel);
}

TEST_CASE("Dropout passes through, unless it trains") {
  CHECK(Body(OneNode(7, "Dropout").Float("ratio", 0.5f)) == "y = Identity(x) \"n\"\n");
  ModelBuilder training(13);
  onnx::TensorProto yes;
  yes.set_name("yes");
  yes.set_data_type(onnx::TensorProto::BOOL);
  yes.add_int32_data(1);
  training.Input("x", {int64_t{2}})
      .Initializer(yes)
      .Node("Dropout", {"x", "", "yes"}, {"y"}, "n")
      .Output("y");
  CHECK(Body(training).find("y = Dropout(x, _, yes) \"n\"\n") != std::string::npos);
}

TEST_CASE("BatchNormalization keeps its first output only, unless it trains") {
  ModelBuilder builder(9);
  builder.Input("x", {int64_t{1}, int64_t{2}, int64_t{3}});
  for (const char* name : {"s", "b", "m", "v"}) builder.Initializer(FloatTensor(name, {2}, {1, 2}));
  builder.Node("BatchNormalization", {"x", "s", "b", "m", "v"}, {"y", "m2", "v2"}, "n").Output("y");
  CHECK(Body(builder).find("\ny = BatchNormalization(x, s, b, m, v) \"n\"\n") != std::string::npos);
  ModelBuilder used = builder;
  used.Output("m2");
  CHECK(Body(used).find("training_mode") != std::string::npos);
  builder.model.mutable_opset_import(0)->set_version(7);
  builder.Int("spatial", 0);
  CHECK(builder.Failure().code == ErrorCode::kUnsupportedOp);
}

TEST_CASE("Upsample and early Resize") {
  // The rules are checked on the graph itself: they do not need the operator to be there.
  const auto normalised = [](std::string_view text, int64_t opset) {
    auto graph = Parse(text);
    if (!graph) FAIL(ToString(graph.error()));
    const Status status = NormalizeOpset(*graph, opset);
    if (!status) return ToString(status.error());
    const std::string printed = Print(*graph);
    const size_t start = printed.find("  y ");
    return printed.substr(start + 2, printed.find('\n', start) - start - 2);
  };
  CHECK(normalised("graph g { input x y = Upsample(x) {mode=\"nearest\", scales=[1.0,2.0]} \"n\" "
                   "output y }",
                   7) ==
        "y = Resize(x, _, n_scales) {coordinate_transformation_mode=\"asymmetric\", "
        "mode=\"nearest\", nearest_mode=\"floor\"} \"n\"");
  CHECK(normalised("graph g { input x const s: float32[2] = [1.0,0.5] "
                   "y = Resize(x, s) {mode=\"nearest\"} output y }",
                   10) ==
        "y = Resize(x, _, s) {coordinate_transformation_mode=\"asymmetric\", mode=\"nearest\", "
        "nearest_mode=\"ceil\"}");
  CHECK(
      normalised("graph g { input x input s y = Upsample(x, s) {mode=\"linear\"} output y }", 9) ==
      "y = Resize(x, _, s) {coordinate_transformation_mode=\"asymmetric\", mode=\"linear\"}");
  for (const char* scales : {"input s", "const s: float32[2] = [0.5,2.0]"})
    CHECK(normalised(std::string("graph g { input x ") + scales + " y = Resize(x, s) output y }",
                     10) ==
          "y = Resize(x, _, s) {coordinate_transformation_mode=\"asymmetric\", "
          "mode=\"nearest\", nearest_mode=\"floor_or_ceil\"}");
  CHECK(normalised("graph g { input x const e: float32[0] = [] input n "
                   "y = Resize(x, e, e, n) output y }",
                   13) == "y = Resize(x, _, _, n)");
  CHECK(normalised("graph g { input x y = TopK(x) {k=3} \"n\" output y }", 9) ==
        "y = TopK(x, n_k) \"n\"");
  CHECK(normalised("graph g { input x input r y = GridSample(x, r) {mode=\"bicubic\"} output y }",
                   16) == "y = GridSample(x, r) {mode=\"cubic\"}");
  CHECK(normalised("graph g { input x y = Upsample(x) {mode=3, scales=[1.0]} output y }", 7)
            .starts_with("InvalidModel"));
}

TEST_CASE("other domains are left alone") {
  auto graph = Parse("graph g { input x y = my.Clip(x) {min=1.0} output y }");
  REQUIRE(graph);
  const std::string before = Print(*graph);
  REQUIRE(NormalizeOpset(*graph, 7));
  CHECK(Print(*graph) == before);
}

}  // namespace
}  // namespace insitu::test
