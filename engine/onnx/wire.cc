// Which fields of a file are parsed, which are kept as spans and which are skipped.
#include "onnx/wire.h"

#include <google/protobuf/io/coded_stream.h>

#include <limits>
#include <utility>

#include "base/limits.h"
#include "onnx/fields.h"

namespace insitu {
namespace {

using google::protobuf::io::CodedInputStream;

// Numbers of the fields that are treated apart.
namespace model_field {
constexpr int kDocString = 6, kGraph = 7, kTraining = 20, kFunctions = 25;
}
namespace graph_field {
constexpr int kNode = 1, kName = 2, kInitializer = 5, kInput = 11, kOutput = 12, kValueInfo = 13,
              kSparse = 15;
}
namespace node_field {
constexpr int kAttribute = 5;
}
namespace attribute_field {
constexpr int kTensor = 5, kGraph = 6, kStrings = 9, kTensors = 10, kGraphs = 11, kType = 14,
              kTypes = 15;
}
namespace tensor_field {
constexpr int kStringData = 6, kRawData = 9, kDocString = 12;
}
namespace value_field {
constexpr int kType = 2;
}
namespace type_field {
constexpr int kTensor = 1, kSequence = 4, kMap = 5, kSparse = 8, kOptional = 9;
constexpr int kElement = 1;               // of a sequence and an optional value
constexpr int kMapValue = 2, kShape = 2;  // of a map, of a tensor
}  // namespace type_field

// Fields to be parsed into one message; neighbours are joined.
class Kept {
 public:
  void Add(Bytes field) {
    if (!parts_.empty() && parts_.back().data() + parts_.back().size() == field.data()) {
      parts_.back() = {parts_.back().data(), parts_.back().size() + field.size()};
    } else {
      parts_.push_back(field);
    }
  }
  Status MergeInto(google::protobuf::MessageLite& message, std::string_view where) const {
    for (Bytes part : parts_) {
      CodedInputStream in(reinterpret_cast<const uint8_t*>(part.data()),
                          static_cast<int>(part.size()));
      if (!message.MergePartialFromCodedStream(&in) || !in.ConsumedEntireMessage())
        return Damaged(where);
    }
    return {};
  }

 private:
  std::vector<Bytes> parts_;
};

Status Count(int64_t& count, int64_t limit, std::string_view what) {
  if (++count <= limit) return {};
  return Fail(ErrorCode::kLimitExceeded,
              "the model has more than " + std::to_string(limit) + " " + std::string(what),
              "Split the model or simplify it before loading.");
}

// Counts what the parser makes of a file before it makes it: a field of two bytes can become a
// message of a hundred.
class PartCounter {
 public:
  Status Part() { return Count(parts_, 8 * CurrentLimits().max_values, "parts"); }

  Status Node(Bytes node, int64_t depth) {
    INSITU_TRY(Count(nodes_, CurrentLimits().max_nodes, "nodes"));
    return ForEachField(node, "nodes", [&](const Field& field) -> Status {
      if (!field.delimited) return {};
      INSITU_TRY(Part());
      return field.number == node_field::kAttribute ? Attribute(field.payload, depth) : Status();
    });
  }

  Status Tensor(Bytes tensor) {
    return ForEachField(tensor, "tensors", [&](const Field& field) -> Status {
      if (!field.delimited) return {};
      return field.number == tensor_field::kStringData ? String() : Part();
    });
  }

  // Of the outermost graph, of which a file may have several.
  Status InputOrOutput(Bytes info) {
    INSITU_TRY(Count(inputs_and_outputs_, CurrentLimits().max_values, "inputs and outputs"));
    return ValueInfo(info);
  }

 private:
  Status ValueInfo(Bytes info) {
    return ForEachField(info, "inputs and outputs", [&](const Field& field) -> Status {
      if (!field.delimited) return {};
      INSITU_TRY(Part());
      return field.number == value_field::kType ? Type(field.payload, 0) : Status();
    });
  }

  Status String() { return Count(strings_, CurrentLimits().max_strings, "strings"); }

  Status Type(Bytes type, int depth) {
    constexpr int kMostDepth = 100;  // protobuf's own limit
    if (depth > kMostDepth) return Damaged("types");
    return ForEachField(type, "types", [&](const Field& field) -> Status {
      if (!field.delimited) return {};
      const int kind = field.number;
      return ForEachField(field.payload, "types", [&](const Field& part) -> Status {
        if (!part.delimited) return {};
        INSITU_TRY(Part());
        if (kind == type_field::kTensor || kind == type_field::kSparse)
          return part.number == type_field::kShape ? Parts(part.payload) : Status();
        const bool holds_one = kind == type_field::kSequence || kind == type_field::kOptional;
        const bool nested = kind == type_field::kMap
                                ? part.number == type_field::kMapValue
                                : holds_one && part.number == type_field::kElement;
        return nested ? Type(part.payload, depth + 1) : Status();
      });
    });
  }

  Status Attribute(Bytes attribute, int64_t depth) {
    return ForEachField(attribute, "attributes", [&](const Field& field) -> Status {
      if (!field.delimited) return {};
      if (field.number == attribute_field::kStrings) return String();
      INSITU_TRY(Part());
      switch (field.number) {
        case attribute_field::kGraph:
        case attribute_field::kGraphs:
          return Graph(field.payload, depth + 1);
        case attribute_field::kTensor:
        case attribute_field::kTensors:
          return Tensor(field.payload);
        case attribute_field::kType:
        case attribute_field::kTypes:
          return Type(field.payload, 0);
        default:
          return {};
      }
    });
  }

  Status Graph(Bytes graph, int64_t depth) {
    if (depth > CurrentLimits().max_subgraph_depth)
      return Fail(ErrorCode::kLimitExceeded,
                  "subgraphs are nested more than " +
                      std::to_string(CurrentLimits().max_subgraph_depth) + " deep",
                  "Simplify the model before loading.");
    return ForEachField(graph, "subgraphs", [&](const Field& field) -> Status {
      if (!field.delimited) return {};
      INSITU_TRY(Part());
      switch (field.number) {
        case graph_field::kNode:
          return Node(field.payload, depth);
        case graph_field::kInitializer:
          return Tensor(field.payload);
        case graph_field::kInput:
        case graph_field::kOutput:
        case graph_field::kValueInfo:
          return ValueInfo(field.payload);
        default:
          return {};
      }
    });
  }

  Status Parts(Bytes message) {
    return ForEachField(message, "types",
                        [&](const Field& field) { return field.delimited ? Part() : Status(); });
  }

  int64_t nodes_ = 0, parts_ = 0, strings_ = 0, inputs_and_outputs_ = 0;
};

Status ReadGraph(Bytes bytes, WireModel& out, Kept& kept, PartCounter& counter) {
  return ForEachField(bytes, "graph", [&](const Field& field) -> Status {
    switch (field.number) {
      case graph_field::kInitializer: {
        if (!field.delimited) return Damaged("initializers");
        INSITU_TRY(counter.Tensor(field.payload));
        INSITU_ASSIGN(WireTensor tensor, ReadTensor(field.payload));
        out.initializers.push_back(std::move(tensor));
        if (static_cast<int64_t>(out.initializers.size()) <= CurrentLimits().max_values) return {};
        return Fail(ErrorCode::kLimitExceeded, "the model has too many initializers");
      }
      case graph_field::kSparse:
        ++out.sparse_initializers;
        return {};
      case graph_field::kNode:
        INSITU_TRY(counter.Node(field.payload, 0));
        kept.Add(field.whole);
        return {};
      case graph_field::kInput:
      case graph_field::kOutput:
        INSITU_TRY(counter.InputOrOutput(field.payload));
        kept.Add(field.whole);
        return {};
      case graph_field::kName:
        INSITU_TRY(counter.Part());
        kept.Add(field.whole);
        return {};
      default:
        return {};
    }
  });
}

std::string_view LooksLike(Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min<size_t>(bytes.size(), 64));
  if (text.starts_with("<")) return "an HTML or XML page: check the address it was loaded from";
  if (text.starts_with("version https://git-lfs")) return "a Git LFS pointer: fetch the real file";
  if (text.starts_with("PK")) return "a zip archive: unpack the .onnx file first";
  if (text.starts_with("INSITUE"))
    return "a model that insitu encrypted: load it with its key (`encryption`, or --key-file)";
  if (text.starts_with("{")) return "a JSON text";
  if (text.size() > 8 && text.substr(4, 4) == "TFL3") return "a TensorFlow Lite model: convert it";
  if (text.size() > 8 && text.substr(4, 4) == "ORTM")
    return "a model in onnxruntime's own format: pass the .onnx file it was made from";
  return {};
}

}  // namespace

Result<WireTensor> ReadTensor(Bytes bytes) {
  WireTensor tensor;
  Kept kept;
  INSITU_TRY(ForEachField(bytes, "tensors", [&](const Field& field) -> Status {
    if (field.number == tensor_field::kRawData) {
      if (!field.delimited) return Damaged("tensors");
      tensor.raw = field.payload;
    } else if (field.number != tensor_field::kDocString) {
      kept.Add(field.whole);
    }
    return {};
  }));
  INSITU_TRY(kept.MergeInto(tensor.proto, "tensors"));
  return tensor;
}

Result<WireModel> ReadModel(Bytes bytes) {
  if (bytes.empty())
    return Fail(ErrorCode::kInvalidModel, "not an ONNX model: the file is empty",
                "Check that the download or the file was complete.");
  constexpr int64_t kMostBytes = std::numeric_limits<int>::max();  // protobuf's own limit
  if (static_cast<uint64_t>(bytes.size()) >
      static_cast<uint64_t>(std::min(kMostBytes, CurrentLimits().max_model_bytes)))
    return Fail(ErrorCode::kLimitExceeded,
                "the model has " + std::to_string(bytes.size()) + " bytes; the limit is " +
                    std::to_string(std::min(kMostBytes, CurrentLimits().max_model_bytes)),
                "Save the weights as external data.");
  if (const auto other = LooksLike(bytes); !other.empty())
    return Fail(ErrorCode::kInvalidModel,
                "not an ONNX model: this looks like " + std::string(other),
                "Pass the bytes of an .onnx file.");
  WireModel out;
  Kept kept_model, kept_graph;
  PartCounter counter;
  bool has_graph = false;
  INSITU_TRY(ForEachField(bytes, "model", [&](const Field& field) -> Status {
    switch (field.number) {
      case model_field::kGraph:
        if (!field.delimited) return Damaged("graph");
        has_graph = true;
        return ReadGraph(field.payload, out, kept_graph, counter);
      case model_field::kFunctions:
        ++out.functions;
        return {};
      case model_field::kDocString:
      case model_field::kTraining:
        return {};
      default:
        INSITU_TRY(counter.Part());
        kept_model.Add(field.whole);
        return {};
    }
  }));
  INSITU_TRY(kept_model.MergeInto(out.model, "header"));
  INSITU_TRY(kept_graph.MergeInto(out.graph, "graph"));
  if (!has_graph || out.model.ir_version() <= 0)
    return Fail(ErrorCode::kInvalidModel,
                std::string("not an ONNX model: it has no ") + (has_graph ? "IR version" : "graph"),
                "Pass the bytes of an .onnx file.");
  return out;
}

}  // namespace insitu
