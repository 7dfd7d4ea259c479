// The operator table: every OpDef is complete, named once, and listed in alphabetical order.
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <set>
#include <string>

#include "ops/op_def.h"
#include "support/places.h"

namespace insitu {

TEST_CASE("every operator is complete", "[ops]") {
  std::set<std::pair<std::string_view, std::string_view>> names;
  for (const OpDef* def : AllOps()) {
    INFO(def->name);
    CHECK(!def->name.empty());
    CHECK(names.emplace(def->domain, def->name).second);
    CHECK(FindOp(def->name, def->domain) == def);
    CHECK(def->infer != nullptr);
    CHECK(def->run != nullptr);
    CHECK((def->lower != nullptr || !def->no_lowering.empty()));
    CHECK(!def->since.empty());
    for (size_t i = 0; i < def->since.size(); ++i) {
      CHECK(def->since[i] >= 1);
      if (i > 0) CHECK(def->since[i] > def->since[i - 1]);
    }
    CHECK(def->min_inputs >= 0);
    CHECK((def->max_inputs < 0 || def->max_inputs >= def->min_inputs));
    CHECK((def->max_outputs < 0 || def->max_outputs >= def->min_outputs));
    CHECK((def->commute_inputs == nullptr || def->commute != nullptr));
    std::set<std::string_view> attributes;
    for (const AttrSpec& attribute : def->attributes)
      CHECK(attributes.insert(attribute.name).second);
  }
  CHECK(names.size() > 60);
}

TEST_CASE("an unknown operator is not found", "[ops]") {
  CHECK(FindOp("Softmaxx", "") == nullptr);
  CHECK(FindOp("Softmax", "com.microsoft") == nullptr);
}

TEST_CASE("ops.def is sorted", "[ops]") {
  std::ifstream file(test::ProjectDir() + "/engine/ops/ops.def");
  REQUIRE(file);
  std::string line, previous;
  while (std::getline(file, line)) {
    if (!line.starts_with("OP(")) continue;
    CHECK(previous < line);
    previous = line;
  }
  CHECK(!previous.empty());
}

TEST_CASE("inference names the node and the inputs of a contradiction", "[ops]") {
  Graph graph;
  const ValueId a = graph.AddValue({"left", {DType::kFloat32, Shape{2, 3}}, {}, {}});
  const ValueId b = graph.AddValue({"right", {DType::kFloat32, Shape{4}}, {}, {}});
  const ValueId y = graph.AddValue({"sum", {}, {}, {}});
  graph.AddNode({"adder", "", "Add", {a, b}, {y}, {}, false});
  const Status status = InferShapes(graph);
  REQUIRE(!status.has_value());
  CHECK(status.error().code == ErrorCode::kShapeMismatch);
  CHECK(status.error().node == "adder");
  CHECK(status.error().op == "Add");
  CHECK(status.error().message.find("'left' float32[2,3]") != std::string::npos);
  CHECK(status.error().message.find("'right' float32[4]") != std::string::npos);
}

TEST_CASE("inference refuses a wrong number of inputs", "[ops]") {
  Graph graph;
  const ValueId a = graph.AddValue({"a", {DType::kFloat32, Shape{2}}, {}, {}});
  const ValueId y = graph.AddValue({"y", {}, {}, {}});
  graph.AddNode({"n", "", "Add", {a, kNoValue}, {y}, {}, false});
  const Status status = InferShapes(graph);
  REQUIRE(!status.has_value());
  CHECK(status.error().code == ErrorCode::kInvalidModel);
}

}  // namespace insitu
