// SequenceProto and OptionalProto -> Tensor, the form in which conformance cases store such values.
// The two messages share their field numbers: name 1, elem_type 2, tensors 3, sparse tensors 4,
// sequences 5, maps 6, optional values 7.
// https://github.com/onnx/onnx/blob/main/onnx/onnx-data.proto
#include <limits>
#include <utility>

#include "base/limits.h"
#include "onnx/fields.h"
#include "onnx/import.h"
#include "onnx/tensor_proto.h"

namespace insitu {
namespace {

constexpr int kName = 1, kElementType = 2, kTensor = 3, kSequence = 5, kOptional = 7;

// A tensor that says neither type nor data stands for an absent value.
Status AddTensor(Bytes bytes, std::vector<Tensor>& items) {
  INSITU_ASSIGN(const WireTensor wire, ReadTensor(bytes));
  if (wire.proto.data_type() == onnx::TensorProto::UNDEFINED) return {};
  INSITU_ASSIGN(items.emplace_back(), ToTensor(wire, nullptr, nullptr));
  return {};
}

Result<Tensor> ParseHolder(Bytes bytes, DType kind, std::string* name, int depth) {
  if (depth > CurrentLimits().max_subgraph_depth)
    return Fail(ErrorCode::kLimitExceeded, "sequences are nested too deeply");
  std::vector<Tensor> items;
  INSITU_TRY(ForEachField(bytes, "value", [&](const Field& field) -> Status {
    switch (field.number) {
      case kName:
        if (name)
          name->assign(reinterpret_cast<const char*>(field.payload.data()), field.payload.size());
        return {};
      case kElementType:
        return {};
      case kTensor:
        return AddTensor(field.payload, items);
      case kSequence:
      case kOptional: {
        const DType inner = field.number == kSequence ? DType::kSequence : DType::kOptional;
        INSITU_ASSIGN(items.emplace_back(), ParseHolder(field.payload, inner, nullptr, depth + 1));
        return {};
      }
      default:
        return Fail(ErrorCode::kUnsupportedType,
                    "sparse tensors and maps in files are not supported");
    }
  }));
  if (kind == DType::kSequence) return Tensor::Sequence(std::move(items));
  if (items.size() > 1)
    return Fail(ErrorCode::kInvalidModel, "an optional value in the file holds several");
  return Tensor::Optional(std::move(items));
}

}  // namespace

Result<Tensor> ParseValueProto(Bytes bytes, DType kind, std::string* name) {
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()))
    return Fail(ErrorCode::kLimitExceeded, "a serialized value exceeds 2 GB");
  if (!IsTensorType(kind)) return ParseHolder(bytes, kind, name, 0);
  INSITU_ASSIGN(const WireTensor tensor, ReadTensor(bytes));
  if (name) *name = tensor.proto.name();
  return ToTensor(tensor, nullptr, nullptr);
}

}  // namespace insitu
