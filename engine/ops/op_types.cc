// Inference of a node with nothing known but types: what it says of input 0 is what it takes.
#include "ops/op_types.h"

#include <algorithm>

#include "ops/infer_util.h"

namespace insitu {
namespace {

constexpr std::string_view kName = "asked";

// Whether inference refuses input 0 of `type` while the others are of `other`.
enum class Answer : uint8_t { kTakes, kRefuses, kUnclear };

Answer Ask(const OpDef& def, DType type, DType other) {
  Graph graph;
  Node node{"node", std::string(def.domain), std::string(def.name), {}, {}, {}, false};
  const int inputs = std::max(def.min_inputs, 1);
  for (int i = 0; i < inputs; ++i)
    node.inputs.push_back(graph.AddValue({i == 0 ? std::string(kName) : "other" + std::to_string(i),
                                          {i == 0 ? type : other, std::nullopt},
                                          {},
                                          {}}));
  for (int i = 0; i < std::max(def.min_outputs, 1); ++i)
    node.outputs.push_back(graph.AddValue({"out" + std::to_string(i), {}, {}, {}}));
  const NodeId id = graph.AddNode(std::move(node));
  InferContext context(graph, graph.node(id));
  const Status status = def.infer(context);
  if (status) return Answer::kTakes;
  const std::string& message = status.error().message;
  const bool names_it =
      message.contains("'" + std::string(kName) + "'") && !message.contains("'other");
  const bool of_types = status.error().code == ErrorCode::kUnsupportedType ||
                        status.error().code == ErrorCode::kInvalidModel;
  return names_it && of_types ? Answer::kRefuses : Answer::kUnclear;
}

bool Takes(const OpDef& def, DType type) {
  bool refused = false;
  for (DType other : {type, DType::kFloat32, DType::kInt64, DType::kUint8, DType::kBool}) {
    const Answer answer = Ask(def, type, other);
    if (answer == Answer::kTakes) return true;
    refused = refused || answer == Answer::kRefuses;
  }
  return !refused;
}

}  // namespace

std::vector<DType> AcceptedTypes(const OpDef& def) {
  std::vector<DType> types;
  if (def.max_inputs == 0 || !def.infer) return types;
  for (int value = 1; value < static_cast<int>(DType::kSequence); ++value)
    if (IsKnownDType(value) && Takes(def, static_cast<DType>(value)))
      types.push_back(static_cast<DType>(value));
  return types;
}

}  // namespace insitu
