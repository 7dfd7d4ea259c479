// Verify: one walk over the nodes in order of execution, in time linear in the graph.
#include "ir/verify.h"

#include <string>
#include <unordered_map>

namespace insitu {
namespace {

constexpr const char* kHint = "The model file is damaged or its exporter wrote a broken graph.";

std::unexpected<Error> Invalid(const Node& node, std::string message) {
  return std::unexpected(
      Error{ErrorCode::kInvalidModel, std::move(message), node.name, node.op, kHint});
}

class Verifier {
 public:
  explicit Verifier(const Graph& graph) : graph_(graph), provided_(graph.value_count()) {}

  Status Run() {
    for (ValueId id : graph_.inputs) {
      INSITU_TRY(CheckListed(id, "input"));
      if (provided_[static_cast<size_t>(id)])
        return Fail(ErrorCode::kInvalidModel,
                    "the graph input '" + graph_.value(id).name + "' is listed twice", kHint);
      provided_[static_cast<size_t>(id)] = true;
      INSITU_TRY(CheckName(id));
    }
    for (size_t i = 0; i < provided_.size(); ++i)
      if (graph_.IsConstant(static_cast<ValueId>(i))) provided_[i] = true;
    for (NodeId id : graph_.Order()) INSITU_TRY(CheckNode(id));
    for (ValueId id : graph_.outputs) {
      INSITU_TRY(CheckListed(id, "output"));
      INSITU_TRY(CheckName(id));
      if (!provided_[static_cast<size_t>(id)])
        return Fail(ErrorCode::kInvalidModel,
                    "nothing gives the graph output '" + graph_.value(id).name + "'", kHint);
    }
    return {};
  }

 private:
  bool InRange(ValueId id) const {
    return id >= 0 && static_cast<size_t>(id) < graph_.value_count();
  }

  Status CheckListed(ValueId id, const char* what) const {
    if (InRange(id)) return {};
    return Fail(
        ErrorCode::kInvalidModel,
        std::string("a graph ") + what + " has the index " + std::to_string(id) + " of no value",
        kHint);
  }

  // Names of values that are used are unique.
  Status CheckName(ValueId id) {
    const std::string& name = graph_.value(id).name;
    auto [entry, added] = names_.emplace(name, id);
    if (added || entry->second == id) return {};
    return Fail(ErrorCode::kInvalidModel, "two values have the name '" + name + "'", kHint);
  }

  Status CheckNode(NodeId id) {
    const Node& node = graph_.node(id);
    if (node.dead) return Invalid(node, "a removed node is still in the order of execution");
    for (ValueId input : node.inputs) {
      if (input == kNoValue) continue;
      if (!InRange(input)) return Invalid(node, "an input has the index of no value");
      if (!provided_[static_cast<size_t>(input)])
        return Invalid(node, "reads '" + graph_.value(input).name + "', which " +
                                 (graph_.Producer(input) == kNoNode
                                      ? "no node, input or initializer provides"
                                      : "a later node produces (the graph has a cycle)"));
      INSITU_TRY(CheckName(input));
    }
    for (ValueId output : node.outputs) {
      if (output == kNoValue) continue;
      if (!InRange(output)) return Invalid(node, "an output has the index of no value");
      const std::string& name = graph_.value(output).name;
      if (graph_.IsConstant(output))
        return Invalid(node, "writes '" + name + "', which is a constant");
      if (provided_[static_cast<size_t>(output)])
        return Invalid(node, "writes '" + name + "', which something else provides already");
      if (graph_.Producer(output) != id)
        return Invalid(node, "is not recorded as the producer of '" + name + "'");
      provided_[static_cast<size_t>(output)] = true;
      INSITU_TRY(CheckName(output));
    }
    return {};
  }

  const Graph& graph_;
  std::vector<bool> provided_;
  std::unordered_map<std::string, ValueId> names_;
};

}  // namespace

Status Verify(const Graph& graph) { return Verifier(graph).Run(); }

}  // namespace insitu
