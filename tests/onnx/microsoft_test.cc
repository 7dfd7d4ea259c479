// Operators of com.microsoft that import rewrites into others, shown as text.
#include "model_builder.h"
#include "onnx/opset.h"

namespace insitu::test {
namespace {

ModelBuilder Contrib(const std::string& op, std::vector<std::string> inputs,
                     std::vector<std::string> outputs = {"y"}) {
  ModelBuilder builder(17);
  auto* import = builder.model.add_opset_import();
  import->set_domain("com.microsoft");
  import->set_version(1);
  for (const std::string& input : inputs)
    if (!input.empty()) builder.Input(input, {int64_t{1}, int64_t{2}, int64_t{4}, int64_t{4}});
  builder.Node(op, inputs, outputs, "n");
  builder.last().set_domain("com.microsoft");
  for (const std::string& output : outputs) builder.Output(output);
  return builder;
}

// The operators of the graph in order of execution.
std::vector<std::string> Ops(const ModelBuilder& builder) {
  auto imported = builder.Import();
  if (!imported) return {ToString(imported.error())};
  std::vector<std::string> ops;
  for (NodeId id : imported->graph.Order()) ops.push_back(imported->graph.node(id).op);
  return ops;
}

using Names = std::vector<std::string>;

TEST_CASE("com.microsoft's quantization is the standard's") {
  CHECK(Ops(Contrib("QuantizeLinear", {"x", "s", "z"})) == Names{"QuantizeLinear"});
  CHECK(Ops(Contrib("DequantizeLinear", {"x", "s"}).Int("axis", 0)) == Names{"DequantizeLinear"});
  CHECK(Contrib("QuantizeLinear", {"x", "s"}).Printed().find("com.microsoft") == std::string::npos);
}

TEST_CASE("FusedConv comes apart") {
  CHECK(Ops(Contrib("FusedConv", {"x", "w"})) == Names{"Conv"});
  CHECK(Ops(Contrib("FusedConv", {"x", "w", "b"}).Text("activation", "Relu")) ==
        Names{"Conv", "Relu"});
  CHECK(Ops(Contrib("FusedConv", {"x", "w", "", "z"})) == Names{"Conv", "Add"});
  CHECK(Ops(Contrib("FusedConv", {"x", "w", "b", "z"})
                .Text("activation", "LeakyRelu")
                .Floats("activation_params", {0.5f})) == Names{"Conv", "Add", "LeakyRelu"});
  const std::string clip = Contrib("FusedConv", {"x", "w"})
                               .Text("activation", "Clip")
                               .Floats("activation_params", {-1, 2})
                               .Ints("strides", {2, 2})
                               .Printed();
  CHECK(clip.find("const n_min: float32[] = [-1.0]") != std::string::npos);
  CHECK(clip.find("Conv(x, w) {strides=[2,2]}") != std::string::npos);
  CHECK(clip.find("y = Clip(n_Conv, n_min, n_max)") != std::string::npos);
  CHECK(Contrib("FusedConv", {"x", "w"}).Text("activation", "Swirl").Failure().code ==
        ErrorCode::kUnsupportedOp);
  CHECK(Contrib("FusedConv", {"x"}).Failure().code == ErrorCode::kInvalidModel);
}

TEST_CASE("NhwcMaxPool is MaxPool between two Transposes") {
  const std::string pool = Contrib("NhwcMaxPool", {"x"}).Ints("kernel_shape", {2, 2}).Printed();
  CHECK(pool.find("Transpose(x) {perm=[0,3,1,2]}") != std::string::npos);
  CHECK(pool.find("MaxPool(n_Transpose) {kernel_shape=[2,2]}") != std::string::npos);
  CHECK(pool.find("y = Transpose(n_MaxPool) {perm=[0,2,3,1]}") != std::string::npos);
  CHECK(Contrib("NhwcMaxPool", {"x"}).Failure().code == ErrorCode::kInvalidModel);
}

TEST_CASE("QAttention is an integer projection and MultiHeadAttention") {
  CHECK(Ops(Contrib("QAttention", {"x", "w", "b", "sx", "sw"}).Int("num_heads", 2)) ==
        Names{"MatMulIntegerToFloat", "Split", "MultiHeadAttention"});
  CHECK(Ops(Contrib("QAttention", {"x", "w", "b", "sx", "sw", "m", "zx", "zw", "past"},
                    {"y", "present"})
                .Int("num_heads", 2)) == Names{"MatMulIntegerToFloat", "Split", "Split", "Squeeze",
                                               "Squeeze", "MultiHeadAttention", "Unsqueeze",
                                               "Unsqueeze", "Concat"});
  CHECK(Contrib("QAttention", {"x", "w", "b", "sx", "sw"})
            .Int("num_heads", 2)
            .Int("do_rotary", 1)
            .Failure()
            .code == ErrorCode::kUnsupportedOp);
}

}  // namespace
}  // namespace insitu::test
