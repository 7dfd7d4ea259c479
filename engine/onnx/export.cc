// Messages for everything but the weights, whose bytes are written behind them.
// https://protobuf.dev/programming-guides/encoding: the fields of a message come in any order.
#include "onnx/export.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <unordered_set>

#include "onnx-ml.pb.h"
#include "ops/control_flow.h"
#include "ops/op_def.h"

namespace insitu {
namespace {

using google::protobuf::io::CodedOutputStream;
using Proto = onnx::AttributeProto;

constexpr int64_t kIrVersion = 10;
constexpr int64_t kOldestOpset = 21;  // has the quantization of every type that is written here
constexpr int kGraphField = 7, kInitializerField = 5, kRawDataField = 9;

// The fields of a tensor but its bytes; strings are written here.
Status FillTensor(const std::string& name, const Tensor& tensor, onnx::TensorProto& out) {
  if (!name.empty()) out.set_name(name);
  out.set_data_type(static_cast<int>(tensor.dtype()));
  out.mutable_dims()->Add(tensor.dims().begin(), tensor.dims().end());
  if (tensor.dtype() == DType::kString) {
    for (const std::string& text : tensor.strings()) out.add_string_data(text);
  } else if (!HasBytes(tensor.dtype())) {
    return Fail(ErrorCode::kUnsupportedType, "a constant '" + name + "' is no tensor");
  }
  return {};
}

Status FillType(const std::string& name, const ValueType& type, onnx::TypeProto& out) {
  if (type.dtype == DType::kSequence || type.dtype == DType::kOptional) {
    if (!type.element)
      return Fail(ErrorCode::kUnsupportedType, "what '" + name + "' holds is not known");
    return FillType(name, *type.element,
                    type.dtype == DType::kSequence
                        ? *out.mutable_sequence_type()->mutable_elem_type()
                        : *out.mutable_optional_type()->mutable_elem_type());
  }
  if (type.dtype == DType::kUndefined || type.dtype == DType::kMap)
    return Fail(ErrorCode::kUnsupportedType, "the type of '" + name + "' cannot be written");
  auto& tensor = *out.mutable_tensor_type();
  tensor.set_elem_type(static_cast<int>(type.dtype));
  if (!type.shape) return {};
  auto& shape = *tensor.mutable_shape();
  for (const Dim& dim : *type.shape) {
    auto& extent = *shape.add_dim();
    if (dim.IsKnown())
      extent.set_dim_value(dim.value());
    else if (!dim.IsUnknown())
      extent.set_dim_param(dim.SymbolName().value_or(dim.ToString()));
  }
  return {};
}

// What the graphs of one file share.
struct Shared {
  std::unordered_set<std::string> names;  // of all values so far
  // The constants of the outermost graph, of which bodies have copies with the same bytes.
  std::map<const std::byte*, std::pair<std::string, const Tensor*>> constants;
  std::unordered_set<std::string> captured;  // of these, what bodies read
};

class Exporter {
 public:
  Exporter(const Graph& graph, Shared& shared) : graph_(graph), shared_(shared) {}

  // A body knows the values that it captures by the names they have outside. `typed`: the
  // outermost graph, whose ends have types.
  Status Fill(onnx::GraphProto& out, std::span<const std::string> captured, bool typed) {
    NameValues(captured);
    if (typed) ShareConstants();
    out.set_name(graph_.name.empty() ? "graph" : graph_.name);
    const size_t formal = graph_.inputs.size() - captured.size();
    for (size_t i = 0; i < formal; ++i)
      INSITU_TRY(AddEnd(graph_.inputs[i], true, *out.add_input()));
    for (ValueId id : graph_.outputs) INSITU_TRY(AddEnd(id, typed, *out.add_output()));
    for (NodeId id : graph_.Order()) INSITU_TRY(AddNode(graph_.node(id), *out.add_node()));
    return {};
  }

  // Those that something reads, in the order of their ids.
  std::vector<ValueId> Constants() const {
    std::vector<ValueId> constants;
    for (size_t i = 0; i < graph_.value_count(); ++i) {
      const auto id = static_cast<ValueId>(i);
      if (graph_.IsConstant(id) && !captured_.contains(id) &&
          (graph_.IsOutput(id) || !graph_.Consumers(id).empty() ||
           shared_.captured.contains(NameOf(id))))
        constants.push_back(id);
    }
    return constants;
  }
  Status FillConstant(ValueId id, onnx::TensorProto& out) const {
    return FillTensor(NameOf(id), *graph_.Constant(id), out);
  }

 private:
  const std::string& NameOf(ValueId id) const { return value_names_[static_cast<size_t>(id)]; }

  void NameValues(std::span<const std::string> captured) {
    value_names_.resize(graph_.value_count());
    const size_t formal = graph_.inputs.size() - captured.size();
    for (size_t i = 0; i < captured.size(); ++i)
      value_names_[static_cast<size_t>(graph_.inputs[formal + i])] = captured[i];
    for (size_t i = 0; i < graph_.value_count(); ++i) {
      if (!value_names_[i].empty() || TakeShared(static_cast<ValueId>(i))) continue;
      const std::string& own = graph_.value(static_cast<ValueId>(i)).name;
      std::string name = own.empty() ? "value" : own;
      for (int suffix = 1; !shared_.names.insert(name).second; ++suffix)
        name = own + "_" + std::to_string(suffix);
      value_names_[i] = std::move(name);
    }
  }

  // The name of the outermost graph's constant where this one is its copy.
  bool TakeShared(ValueId id) {
    const Tensor* constant = graph_.Constant(id);
    if (!constant || !constant->data()) return false;
    const auto found = shared_.constants.find(constant->data());
    if (found == shared_.constants.end() || found->second.second->dtype() != constant->dtype() ||
        found->second.second->dims() != constant->dims())
      return false;
    value_names_[static_cast<size_t>(id)] = found->second.first;
    shared_.captured.insert(found->second.first);
    captured_.insert(id);
    return true;
  }

  void ShareConstants() {
    for (size_t i = 0; i < graph_.value_count(); ++i) {
      const Tensor* constant = graph_.Constant(static_cast<ValueId>(i));
      if (constant && constant->data())
        shared_.constants.emplace(constant->data(), std::pair(value_names_[i], constant));
    }
  }

  Status AddEnd(ValueId id, bool typed, onnx::ValueInfoProto& out) const {
    out.set_name(NameOf(id));
    const ValueType& type = graph_.value(id).type;
    if (!typed || type.dtype == DType::kUndefined) return {};
    return FillType(NameOf(id), type, *out.mutable_type());
  }

  Status AddNode(const Node& node, onnx::NodeProto& out) {
    out.set_name(node.name);
    out.set_op_type(node.op);
    out.set_domain(node.domain);
    const bool has_bodies = !Bodies(node).empty();
    const size_t formal = has_bodies ? FormalInputs(node) : node.inputs.size();
    for (size_t i = 0; i < formal; ++i)
      out.add_input(node.inputs[i] == kNoValue ? "" : NameOf(node.inputs[i]));
    while (out.input_size() > 0 && out.input(out.input_size() - 1).empty())
      out.mutable_input()->RemoveLast();
    for (ValueId id : node.outputs) out.add_output(id == kNoValue ? "" : NameOf(id));
    std::vector<std::string> captured;
    for (size_t i = formal; i < node.inputs.size(); ++i) captured.push_back(NameOf(node.inputs[i]));
    for (const auto& [name, attribute] : node.attributes)
      if (!has_bodies || name != "formal_inputs")
        INSITU_TRY(AddAttribute(name, attribute, captured, *out.add_attribute()));
    return {};
  }

  Status AddAttribute(const std::string& name, const Attribute& attribute,
                      std::span<const std::string> captured, Proto& out) {
    out.set_name(name);
    if (const auto* integer = std::get_if<int64_t>(&attribute)) {
      out.set_type(Proto::INT);
      out.set_i(*integer);
    } else if (const auto* real = std::get_if<float>(&attribute)) {
      out.set_type(Proto::FLOAT);
      out.set_f(*real);
    } else if (const auto* text = std::get_if<std::string>(&attribute)) {
      out.set_type(Proto::STRING);
      out.set_s(*text);
    } else if (const auto* integers = std::get_if<std::vector<int64_t>>(&attribute)) {
      out.set_type(Proto::INTS);
      out.mutable_ints()->Add(integers->begin(), integers->end());
    } else if (const auto* reals = std::get_if<std::vector<float>>(&attribute)) {
      out.set_type(Proto::FLOATS);
      out.mutable_floats()->Add(reals->begin(), reals->end());
    } else if (const auto* texts = std::get_if<std::vector<std::string>>(&attribute)) {
      out.set_type(Proto::STRINGS);
      for (const std::string& item : *texts) out.add_strings(item);
    } else if (const auto* tensor = std::get_if<Tensor>(&attribute)) {
      out.set_type(Proto::TENSOR);
      INSITU_TRY(FillWhole("", *tensor, *out.mutable_t()));
    } else {
      out.set_type(Proto::GRAPH);
      return AddBody(*std::get<std::shared_ptr<Graph>>(attribute), captured, *out.mutable_g());
    }
    return {};
  }

  Status AddBody(const Graph& body, std::span<const std::string> captured, onnx::GraphProto& out) {
    Exporter exporter(body, shared_);
    INSITU_TRY(exporter.Fill(out, captured, false));
    for (ValueId id : exporter.Constants())
      INSITU_TRY(FillWhole(exporter.NameOf(id), *body.Constant(id), *out.add_initializer()));
    return {};
  }

  static Status FillWhole(const std::string& name, const Tensor& tensor, onnx::TensorProto& out) {
    INSITU_TRY(FillTensor(name, tensor, out));
    if (HasBytes(tensor.dtype())) out.set_raw_data(tensor.bytes().data(), tensor.bytes().size());
    return {};
  }

  const Graph& graph_;
  Shared& shared_;
  std::unordered_set<ValueId> captured_;  // constants of the outermost graph
  std::vector<std::string> value_names_;  // by value
};

// The oldest versions of the operator sets that have every operator, those of bodies included.
void FindOpsets(const Graph& graph, std::map<std::string, int64_t>& opsets) {
  for (NodeId id : graph.Order()) {
    const Node& node = graph.node(id);
    const OpDef* def = FindOp(node.op, node.domain);
    int64_t& version = opsets.emplace(node.domain, 1).first->second;
    // Operators of classical models have changed what their attributes are called.
    if (def && !def->since.empty())
      version = std::max<int64_t>(
          version, node.domain == "ai.onnx.ml" ? def->since.back() : def->since.front());
    for (const auto& body : Bodies(node)) FindOpsets(*body, opsets);
  }
}

// A field of bytes: what is in front of them, and how many there are in all.
uint64_t HeadBytes(int field, uint64_t payload) {
  return CodedOutputStream::VarintSize32(static_cast<uint32_t>(field) << 3) +
         CodedOutputStream::VarintSize64(payload);
}

class Writer {
 public:
  explicit Writer(Buffer& buffer) : at_(reinterpret_cast<uint8_t*>(buffer.data())) {}
  void Head(int field, uint64_t payload) {
    constexpr uint32_t kDelimited = 2;
    at_ = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(field) << 3 | kDelimited,
                                                  at_);
    at_ = CodedOutputStream::WriteVarint64ToArray(payload, at_);
  }
  void Message(const google::protobuf::MessageLite& message) {
    const size_t size = message.ByteSizeLong();
    message.SerializeToArray(at_, static_cast<int>(size));
    at_ += size;
  }
  void Bytes(std::span<const std::byte> bytes) {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }

 private:
  uint8_t* at_;
};

// An initializer: its message, and the bytes behind it.
struct Weight {
  onnx::TensorProto head;
  std::span<const std::byte> raw;

  // As wide as sums of sizes may get: several tensors can borrow the same bytes of a file.
  uint64_t size() const {
    return head.ByteSizeLong() +
           (raw.empty() ? 0 : HeadBytes(kRawDataField, raw.size()) + raw.size());
  }
};

}  // namespace

Result<Buffer> ExportModel(const Graph& graph) {
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name("insitu");
  std::map<std::string, int64_t> opsets{{"", kOldestOpset}};
  FindOpsets(graph, opsets);
  for (const auto& [domain, version] : opsets) {
    auto& import = *model.add_opset_import();
    import.set_domain(domain);
    import.set_version(version);
  }
  for (const auto& [key, value] : graph.metadata) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  onnx::GraphProto proto;
  Shared shared;
  Exporter exporter(graph, shared);
  INSITU_TRY(exporter.Fill(proto, {}, true));

  std::vector<Weight> weights;
  uint64_t graph_bytes = proto.ByteSizeLong();
  for (ValueId id : exporter.Constants()) {
    Weight& weight = weights.emplace_back();
    INSITU_TRY(exporter.FillConstant(id, weight.head));
    const Tensor& tensor = *graph.Constant(id);
    if (HasBytes(tensor.dtype())) weight.raw = tensor.bytes();
    graph_bytes += HeadBytes(kInitializerField, weight.size()) + weight.size();
  }
  const uint64_t bytes = model.ByteSizeLong() + HeadBytes(kGraphField, graph_bytes) + graph_bytes;
  if (bytes > static_cast<uint64_t>(std::numeric_limits<int>::max()))
    return Fail(ErrorCode::kLimitExceeded,
                "the model would have " + std::to_string(bytes) +
                    " bytes, more than a file of "
                    "protobuf can have",
                "Quantize its weights to fewer bits.");
  INSITU_ASSIGN(Buffer buffer, Buffer::Allocate(static_cast<size_t>(bytes)));
  Writer out(buffer);
  out.Message(model);
  out.Head(kGraphField, graph_bytes);
  out.Message(proto);
  for (const Weight& weight : weights) {
    out.Head(kInitializerField, weight.size());
    out.Message(weight.head);
    if (weight.raw.empty()) continue;
    out.Head(kRawDataField, weight.raw.size());
    out.Bytes(weight.raw);
  }
  return buffer;
}

}  // namespace insitu
