// Conversion of attributes. Files older than IR version 3 may leave the type out; the field that is
// filled then tells it.
#include "onnx/attribute_proto.h"

#include <algorithm>

#include "onnx/tensor_proto.h"

namespace insitu {
namespace {

using Proto = onnx::AttributeProto;

Proto::AttributeType TypeOf(const Proto& proto) {
  if (proto.type() != Proto::UNDEFINED) return proto.type();
  if (proto.has_f()) return Proto::FLOAT;
  if (proto.has_i()) return Proto::INT;
  if (proto.has_s()) return Proto::STRING;
  if (proto.has_t()) return Proto::TENSOR;
  if (proto.has_g()) return Proto::GRAPH;
  if (proto.floats_size() > 0) return Proto::FLOATS;
  if (proto.ints_size() > 0) return Proto::INTS;
  if (proto.strings_size() > 0) return Proto::STRINGS;
  return Proto::UNDEFINED;
}

std::string_view KindName(AttrKind kind) {
  constexpr std::string_view kNames[] = {"an integer", "a float",  "a string", "a tensor",
                                         "a graph",    "integers", "floats",   "strings"};
  return kNames[static_cast<size_t>(kind)];
}

// The alternatives of Attribute are int64, float, string, ints, floats, strings, Tensor, Graph.
AttrKind KindOf(const Attribute& attribute) {
  constexpr AttrKind kKinds[] = {AttrKind::kInt,    AttrKind::kFloat,  AttrKind::kString,
                                 AttrKind::kInts,   AttrKind::kFloats, AttrKind::kStrings,
                                 AttrKind::kTensor, AttrKind::kGraph};
  return kKinds[attribute.index()];
}

std::unexpected<Error> Bad(const Node& node, ErrorCode code, std::string message,
                           std::string hint) {
  return std::unexpected(Error{code, std::move(message), node.name, node.op, std::move(hint)});
}

}  // namespace

Result<Attribute> ToAttribute(const Proto& proto, ExternalData& external) {
  if (!proto.ref_attr_name().empty())
    return Fail(ErrorCode::kInvalidModel,
                "attribute '" + proto.name() + "' refers to a function's attribute outside of one",
                "The model was written by a faulty exporter.");
  switch (TypeOf(proto)) {
    case Proto::FLOAT:
      return Attribute(proto.f());
    case Proto::INT:
      return Attribute(static_cast<int64_t>(proto.i()));
    case Proto::STRING:
      return Attribute(proto.s());
    case Proto::FLOATS:
      return Attribute(std::vector<float>(proto.floats().begin(), proto.floats().end()));
    case Proto::INTS:
      return Attribute(std::vector<int64_t>(proto.ints().begin(), proto.ints().end()));
    case Proto::STRINGS:
      return Attribute(std::vector<std::string>(proto.strings().begin(), proto.strings().end()));
    case Proto::TENSOR: {
      INSITU_ASSIGN(Tensor tensor, ToTensor(proto.t(), &external));
      return Attribute(std::move(tensor));
    }
    case Proto::UNDEFINED:
      return Fail(ErrorCode::kInvalidModel, "attribute '" + proto.name() + "' has no value",
                  "The model was written by a faulty exporter.");
    default:
      return Fail(ErrorCode::kUnsupportedOp,
                  "attribute '" + proto.name() + "' is of a kind that is not supported (type " +
                      std::to_string(proto.type()) + ")",
                  "Export the model without sparse tensors and lists of graphs.");
  }
}

Status CheckAttributes(const Node& node, const OpDef& def) {
  for (const auto& [name, attribute] : node.attributes) {
    const auto spec = std::ranges::find(def.attributes, name, &AttrSpec::name);
    if (spec == def.attributes.end())
      return Bad(node, ErrorCode::kUnsupportedOp,
                 "the attribute '" + name + "' is not one that insitu knows for " + node.op,
                 "Export the model for an opset between 7 and 22, or without this attribute.");
    if (KindOf(attribute) != spec->kind)
      return Bad(node, ErrorCode::kInvalidModel,
                 "the attribute '" + name + "' must be " + std::string(KindName(spec->kind)) +
                     ", but is " + std::string(KindName(KindOf(attribute))),
                 "The model was written by a faulty exporter.");
  }
  for (const AttrSpec& spec : def.attributes)
    if (spec.required && !node.Has(spec.name))
      return Bad(node, ErrorCode::kInvalidModel,
                 "the attribute '" + std::string(spec.name) + "' is missing",
                 "The model was written by a faulty exporter.");
  return {};
}

}  // namespace insitu
