// Import of subgraphs: what they capture becomes inputs, constants are copied in, opsets are
// normalised inside, and unknown operators in them are listed.
#include "model_builder.h"
#include "ops/control_flow.h"

namespace insitu::test {
namespace {

// The builder's last node becomes an If of `branch`, whose graph gives "r".
void AddBranches(ModelBuilder& builder, const onnx::GraphProto& then_branch,
                 const onnx::GraphProto& else_branch) {
  for (const auto& [name, graph] :
       {std::pair{"then_branch", &then_branch}, std::pair{"else_branch", &else_branch}}) {
    auto* attribute = builder.last().add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::GRAPH);
    *attribute->mutable_g() = *graph;
  }
}

onnx::GraphProto Branch(const std::string& op, std::vector<std::string> inputs,
                        const std::string& output) {
  onnx::GraphProto graph;
  graph.set_name("branch");
  auto* node = graph.add_node();
  node->set_op_type(op);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(output);
  graph.add_output()->set_name(output);
  return graph;
}

ModelBuilder Model(int64_t opset) {
  ModelBuilder builder(opset);
  builder.Input("x", {int64_t{2}}).Initializer(FloatTensor("w", {2}, {1, 2}));
  builder.Node("Less", {"x", "w"}, {"less"}).Node("ReduceMin", {"x"}, {"c0"});
  return builder;
}

TEST_CASE("captured values become inputs, captured constants constants") {
  ModelBuilder builder = Model(18);
  builder.Input("c", {}).Node("Cast", {"c"}, {"go"}).Int("to", onnx::TensorProto::BOOL);
  builder.Node("If", {"go"}, {"y"}, "choose").Output("y");
  AddBranches(builder, Branch("Add", {"x", "w"}, "r"), Branch("Mul", {"x", "c0"}, "r2"));
  const auto imported = ImportModel(ToBytes(builder.Bytes()), {});
  if (!imported) FAIL(ToString(imported.error()));
  const Graph& graph = imported->graph;
  const Node* node = nullptr;
  for (NodeId id : graph.Order())
    if (graph.node(id).op == "If") node = &graph.node(id);
  REQUIRE(node);
  REQUIRE(node->inputs.size() == 3);
  CHECK(FormalInputs(*node) == 1);
  CHECK(graph.value(node->inputs[1]).name == "x");
  CHECK(graph.value(node->inputs[2]).name == "c0");
  for (const auto& body : Bodies(*node)) CHECK(body->inputs.size() == 2);
}

TEST_CASE("what a body reads must exist somewhere") {
  ModelBuilder builder = Model(18);
  builder.Input("c", {}).Node("Cast", {"c"}, {"go"}).Int("to", onnx::TensorProto::BOOL);
  builder.Node("If", {"go"}, {"y"}).Output("y");
  AddBranches(builder, Branch("Relu", {"x"}, "r"), Branch("Relu", {"nowhere"}, "r2"));
  const auto imported = ImportModel(ToBytes(builder.Bytes()), {});
  REQUIRE_FALSE(imported);
  CHECK(imported.error().code == ErrorCode::kInvalidModel);
  CHECK(imported.error().message.find("nowhere") != std::string::npos);
}

TEST_CASE("unknown operators of bodies are listed, old ones are brought up to date") {
  ModelBuilder builder = Model(11);
  builder.Input("c", {}).Node("Cast", {"c"}, {"go"}).Int("to", onnx::TensorProto::BOOL);
  builder.Node("If", {"go"}, {"y"}).Output("y");
  AddBranches(builder, Branch("Frobnicate", {"x"}, "r"), Branch("Relu", {"x"}, "r2"));
  const auto refused = ImportModel(ToBytes(builder.Bytes()), {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kUnsupportedOp);
  CHECK(refused.error().op == "Frobnicate");

  builder.last().clear_attribute();
  onnx::GraphProto squeeze = Branch("Unsqueeze", {"x"}, "r");
  auto* axes = squeeze.mutable_node(0)->add_attribute();
  axes->set_name("axes");
  axes->set_type(onnx::AttributeProto::INTS);
  axes->add_ints(0);
  AddBranches(builder, squeeze, squeeze);
  const auto imported = ImportModel(ToBytes(builder.Bytes()), {});
  if (!imported) FAIL(ToString(imported.error()));
  for (NodeId id : imported->graph.Order())
    for (const auto& body : Bodies(imported->graph.node(id)))
      CHECK(body->node(body->Order()[0]).inputs.size() == 2);
}

}  // namespace
}  // namespace insitu::test
