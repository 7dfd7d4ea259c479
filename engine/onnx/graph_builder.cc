// Names to values: initializers, inputs, then the outputs of all nodes, then what reads them.
#include "onnx/graph_builder.h"

#include <algorithm>

#include "base/limits.h"
#include "ir/sort.h"
#include "onnx/attribute_proto.h"
#include "onnx/model_info.h"
#include "onnx/tensor_proto.h"
#include "onnx/value_type.h"

namespace insitu {
namespace {

constexpr const char* kHint = "The file is damaged or was written by a faulty exporter.";

std::unexpected<Error> Invalid(std::string message) {
  return Fail(ErrorCode::kInvalidModel, std::move(message), kHint);
}

Status CheckLength(const std::string& name) {
  if (name.size() <= static_cast<size_t>(CurrentLimits().max_name_bytes)) return {};
  return Fail(ErrorCode::kLimitExceeded,
              "the name '" + name.substr(0, 60) + "...' has " + std::to_string(name.size()) +
                  " bytes; the limit is " + std::to_string(CurrentLimits().max_name_bytes),
              "Shorten the names in the model.");
}

Status CheckEnds(const std::vector<ValueId>& ends, const char* what) {
  if (static_cast<int64_t>(ends.size()) <= CurrentLimits().max_graph_ends) return {};
  return Fail(
      ErrorCode::kLimitExceeded,
      "the model has more than " + std::to_string(CurrentLimits().max_graph_ends) + " " + what,
      "Join some of them into one tensor.");
}

template <class T>
Result<T> Placed(Result<T> result, const Node& node) {
  if (result) return result;
  return std::unexpected(std::move(result).error().At(node.name, node.op));
}

void DropTrailingOmitted(std::vector<ValueId>& ids) {
  while (!ids.empty() && ids.back() == kNoValue) ids.pop_back();
}

}  // namespace

Result<Graph> GraphBuilder::Build() {
  INSITU_TRY(CheckLength(proto_.name()));
  graph_.name = proto_.name();
  for (const onnx::TensorProto& initializer : proto_.initializer()) {
    INSITU_ASSIGN(Tensor tensor, ToTensor(initializer, &external_));
    INSITU_TRY(AddConstant(initializer.name(), std::move(tensor)));
  }
  INSITU_TRY(AddInputs());
  INSITU_TRY(AddNodes());
  INSITU_TRY(AddOutputs());
  INSITU_TRY(SortTopologically(graph_));
  return std::move(graph_);
}

Result<ValueId> GraphBuilder::Define(const std::string& name, const std::string& what) {
  if (name.empty()) return Invalid(what + " has no name");
  INSITU_TRY(CheckLength(name));
  if (static_cast<int64_t>(values_.size()) >= CurrentLimits().max_values)
    return Fail(ErrorCode::kLimitExceeded,
                "the model has more than " + std::to_string(CurrentLimits().max_values) + " values",
                "Split the model or simplify it before loading.");
  const auto [entry, added] = values_.emplace(name, kNoValue);
  if (!added) return Invalid(what + " '" + name + "' has the name of another value");
  Value value;
  value.name = name;
  entry->second = graph_.AddValue(std::move(value));
  return entry->second;
}

Status GraphBuilder::AddConstant(const std::string& name, Tensor tensor) {
  INSITU_ASSIGN(const ValueId id, Define(name, "an initializer"));
  Value& value = graph_.value(id);
  value.type = {tensor.dtype(), ToShape(tensor.dims())};
  value.constant = std::move(tensor);
  return {};
}

Status GraphBuilder::AddInitializers(std::vector<WireTensor>& tensors,
                                     const std::shared_ptr<const void>& owner) {
  for (WireTensor& wire : tensors) {
    INSITU_ASSIGN(Tensor tensor, ToTensor(wire, owner, &external_));
    INSITU_TRY(AddConstant(wire.proto.name(), std::move(tensor)));
    wire = {};
  }
  return {};
}

ValueId GraphBuilder::Find(const std::string& name) {
  if (const auto found = values_.find(name); found != values_.end()) return found->second;
  if (!outer_) return kNoValue;
  const ValueId outside = outer_->Find(name);
  if (outside == kNoValue) return kNoValue;
  const Value& value = outer_->graph_.value(outside);
  const ValueId id = graph_.AddValue({name, value.type, value.constant, std::nullopt});
  values_.emplace(name, id);
  if (!value.constant) {
    graph_.inputs.push_back(id);
    captures_.push_back({name, id});
  }
  return id;
}

Status GraphBuilder::AddSubgraphs(const onnx::NodeProto& proto, Node& node) {
  std::vector<std::shared_ptr<Graph>> bodies;
  std::vector<std::vector<Capture>> captures;
  std::vector<std::string> names;  // of all that is captured, each once
  std::unordered_set<std::string> known;
  for (const onnx::AttributeProto& attribute : proto.attribute()) {
    if (!attribute.has_g()) continue;
    GraphBuilder builder(attribute.g(), external_, this);
    auto built = builder.Build();
    if (!built) return std::unexpected(std::move(built).error());
    for (const Capture& capture : builder.captures_)
      if (known.insert(capture.name).second) names.push_back(capture.name);
    captures.push_back(std::move(builder.captures_));
    bodies.push_back(std::make_shared<Graph>(*std::move(built)));
    if (!node.attributes.emplace(attribute.name(), bodies.back()).second)
      return Invalid("the attribute '" + attribute.name() + "' is given twice");
  }
  if (bodies.empty()) return {};
  node.attributes["formal_inputs"] = static_cast<int64_t>(node.inputs.size());
  for (const std::string& name : names) node.inputs.push_back(Find(name));
  for (size_t i = 0; i < bodies.size(); ++i) {
    Graph& body = *bodies[i];
    body.inputs.resize(body.inputs.size() - captures[i].size());
    std::unordered_map<std::string_view, ValueId> own;
    for (const Capture& capture : captures[i]) own.emplace(capture.name, capture.inner);
    for (const std::string& name : names) {
      const auto inner = own.find(name);
      body.inputs.push_back(inner != own.end() ? inner->second
                                               : body.AddValue({body.FreshName(name), {}, {}, {}}));
    }
  }
  return {};
}

// An initializer of the same name makes an input a constant (in IR version 3 every initializer was
// listed as an input).
Status GraphBuilder::AddInputs() {
  std::unordered_set<std::string> listed;
  for (const onnx::ValueInfoProto& info : proto_.input()) {
    if (!listed.insert(info.name()).second)
      return Invalid("the input '" + info.name() + "' is listed twice");
    if (const auto found = values_.find(info.name()); found != values_.end()) continue;
    INSITU_ASSIGN(const ValueId id, Define(info.name(), "an input"));
    if (!outer_ || info.has_type()) {
      INSITU_ASSIGN(graph_.value(id).type, ToValueType(info));
    }
    graph_.inputs.push_back(id);
    INSITU_TRY(CheckEnds(graph_.inputs, "inputs"));
  }
  return {};
}

std::string GraphBuilder::NodeName(const onnx::NodeProto& node, int index) {
  if (!node.name().empty()) return node.name();
  const std::string stem = node.op_type() + "_" + std::to_string(index);
  std::string name = stem;
  for (int i = 2; node_names_.contains(name); ++i) name = stem + "_" + std::to_string(i);
  node_names_.insert(name);
  return name;
}

Result<Attributes> GraphBuilder::ConvertAttributes(const onnx::NodeProto& node) {
  Attributes attributes;
  for (const onnx::AttributeProto& proto : node.attribute()) {
    INSITU_TRY(CheckLength(proto.name()));
    // Graphs come later (AddSubgraphs); the type of an absent Optional follows from its readers.
    if (proto.has_g() || proto.type() == onnx::AttributeProto::TYPE_PROTO) continue;
    INSITU_ASSIGN(Attribute attribute, ToAttribute(proto, external_));
    if (!attributes.emplace(proto.name(), std::move(attribute)).second)
      return Invalid("the attribute '" + proto.name() + "' is given twice");
  }
  return attributes;
}

Result<std::vector<ValueId>> GraphBuilder::NodeOutputs(const onnx::NodeProto& node) {
  std::vector<ValueId> outputs;
  for (const std::string& name : node.output()) {
    outputs.push_back(kNoValue);
    if (name.empty()) continue;
    INSITU_ASSIGN(outputs.back(), Define(name, "the output"));
  }
  DropTrailingOmitted(outputs);
  return outputs;
}

Result<std::vector<ValueId>> GraphBuilder::NodeInputs(const onnx::NodeProto& node) {
  std::vector<ValueId> inputs;
  for (const std::string& name : node.input()) {
    inputs.push_back(kNoValue);
    if (name.empty()) continue;
    inputs.back() = Find(name);
    if (inputs.back() == kNoValue)
      return Invalid("reads '" + name.substr(0, 200) +
                     "', which no node, input or initializer provides");
  }
  DropTrailingOmitted(inputs);
  return inputs;
}

Status GraphBuilder::AddNodes() {
  for (const onnx::NodeProto& node : proto_.node()) node_names_.insert(node.name());
  std::vector<Node> nodes;
  for (int i = 0; i < proto_.node_size(); ++i) {
    const onnx::NodeProto& proto = proto_.node(i);
    for (const std::string* name : {&proto.name(), &proto.op_type(), &proto.domain()})
      INSITU_TRY(CheckLength(*name));
    Node& node = nodes.emplace_back();
    node.name = NodeName(proto, i);
    node.domain = CanonicalDomain(proto.domain());
    node.op = proto.op_type();
    INSITU_ASSIGN(node.outputs, Placed(NodeOutputs(proto), node));
    INSITU_ASSIGN(node.attributes, Placed(ConvertAttributes(proto), node));
  }
  for (int i = 0; i < proto_.node_size(); ++i) {
    Node& node = nodes[static_cast<size_t>(i)];
    INSITU_ASSIGN(node.inputs, Placed(NodeInputs(proto_.node(i)), node));
    INSITU_TRY(AddSubgraphs(proto_.node(i), node));
    graph_.AddNode(std::move(node));
  }
  return {};
}

// A body may give one value twice, or one from the graph around it.
Status GraphBuilder::AddOutputs() {
  std::unordered_set<ValueId> listed;
  for (const onnx::ValueInfoProto& info : proto_.output()) {
    const ValueId id = Find(info.name());
    if (id == kNoValue)
      return Invalid("nothing gives the graph output '" + info.name().substr(0, 200) + "'");
    if (!listed.insert(id).second && !outer_)
      return Invalid("the output '" + info.name() + "' is listed twice");
    graph_.outputs.push_back(id);
    INSITU_TRY(CheckEnds(graph_.outputs, "outputs"));
  }
  if (graph_.outputs.empty()) return Invalid("the graph has no outputs");
  return {};
}

}  // namespace insitu
