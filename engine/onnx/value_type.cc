// Types of graph inputs and outputs.
#include "onnx/value_type.h"

#include "base/limits.h"
#include "onnx/tensor_proto.h"

namespace insitu {
namespace {

using Proto = onnx::TypeProto;

std::unexpected<Error> Invalid(const std::string& where, std::string message) {
  return Fail(ErrorCode::kInvalidModel, where + " " + std::move(message),
              "The file is damaged or was written by a faulty exporter.");
}

Result<ValueType> FromTensor(const Proto::Tensor& tensor, const std::string& name) {
  const std::string where = "'" + name + "'";
  ValueType type;
  INSITU_ASSIGN(type.dtype, ToDType(tensor.elem_type(), where));
  if (!tensor.has_shape()) return type;
  if (tensor.shape().dim_size() > CurrentLimits().max_rank)
    return Fail(ErrorCode::kLimitExceeded,
                where + " has rank " + std::to_string(tensor.shape().dim_size()) +
                    "; the limit is " + std::to_string(CurrentLimits().max_rank));
  type.shape.emplace();
  Dims numbers;
  for (int i = 0; i < tensor.shape().dim_size(); ++i) {
    const auto& dim = tensor.shape().dim(i);
    if (dim.has_dim_value()) {
      if (dim.dim_value() < 0)
        return Invalid(where, "has the negative extent " + std::to_string(dim.dim_value()));
      numbers.push_back(dim.dim_value());
      type.shape->push_back(dim.dim_value());
    } else if (!dim.dim_param().empty()) {
      if (dim.dim_param().size() > static_cast<size_t>(CurrentLimits().max_name_bytes))
        return Invalid(where, "has a symbolic dim with too long a name");
      type.shape->push_back(Dim::Symbol(dim.dim_param()));
    } else {
      type.shape->push_back(Dim::Symbol(name + "_dim" + std::to_string(i)));
    }
  }
  if (auto elements = Elements(numbers); !elements) {
    Error error = std::move(elements).error();
    error.message = where + ": " + error.message;
    return std::unexpected(std::move(error));
  }
  return type;
}

Result<ValueType> FromProto(const Proto& proto, const std::string& name);

Result<ValueType> Holding(DType kind, const Proto& element, const std::string& name) {
  INSITU_ASSIGN(ValueType type, FromProto(element, name));
  return ValueType{kind, std::nullopt, std::make_shared<const ValueType>(std::move(type))};
}

Result<ValueType> FromProto(const Proto& proto, const std::string& name) {
  switch (proto.value_case()) {
    case Proto::kTensorType:
      return FromTensor(proto.tensor_type(), name);
    case Proto::kSequenceType:
      return Holding(DType::kSequence, proto.sequence_type().elem_type(), name);
    case Proto::kOptionalType:
      return Holding(DType::kOptional, proto.optional_type().elem_type(), name);
    case Proto::kMapType:
      return Holding(DType::kMap, proto.map_type().value_type(), name);
    default:
      return Fail(ErrorCode::kUnsupportedType,
                  "'" + name + "' is " +
                      (proto.has_sparse_tensor_type() ? "a sparse tensor" : "of an unknown kind") +
                      ", which is not supported",
                  "Export the model with dense tensors.");
  }
}

}  // namespace

Result<ValueType> ToValueType(const onnx::ValueInfoProto& info) {
  if (info.type().value_case() == Proto::VALUE_NOT_SET)
    return Invalid("'" + info.name() + "'", "has no type");
  return FromProto(info.type(), info.name());
}

}  // namespace insitu
