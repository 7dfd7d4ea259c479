// Types of graph inputs and outputs.
#include "onnx/value_type.h"

#include "base/limits.h"
#include "onnx/tensor_proto.h"

namespace insitu {
namespace {

using Proto = onnx::TypeProto;

std::string_view KindName(const Proto& type) {
  switch (type.value_case()) {
    case Proto::kSequenceType: return "a sequence";
    case Proto::kMapType: return "a map";
    case Proto::kOptionalType: return "an optional value";
    case Proto::kSparseTensorType: return "a sparse tensor";
    default: return "of an unknown kind";
  }
}

std::unexpected<Error> Invalid(const std::string& where, std::string message) {
  return Fail(ErrorCode::kInvalidModel, where + " " + std::move(message),
              "The file is damaged or was written by a faulty exporter.");
}

Result<ValueType> FromTensor(const Proto::Tensor& tensor, const std::string& name) {
  const std::string where = "'" + name + "'";
  ValueType type;
  INSITU_ASSIGN(type.dtype, ToDType(tensor.elem_type(), where));
  if (!tensor.has_shape()) return type;
  if (tensor.shape().dim_size() > kDefaultLimits.max_rank)
    return Fail(ErrorCode::kLimitExceeded,
                where + " has rank " + std::to_string(tensor.shape().dim_size()) +
                    "; the limit is " + std::to_string(kDefaultLimits.max_rank));
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
      if (dim.dim_param().size() > static_cast<size_t>(kDefaultLimits.max_name_bytes))
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

Result<ValueType> FromProto(const Proto& proto, const std::string& name) {
  if (proto.has_tensor_type()) return FromTensor(proto.tensor_type(), name);
  const bool sequence = proto.has_sequence_type();
  if (!sequence && !proto.has_optional_type())
    return Fail(ErrorCode::kUnsupportedType,
                "'" + name + "' is " + std::string(KindName(proto)) + ", which is not supported",
                "Export the model with tensors.");
  INSITU_ASSIGN(ValueType element, FromProto(sequence ? proto.sequence_type().elem_type()
                                                      : proto.optional_type().elem_type(),
                                             name));
  return ValueType{sequence ? DType::kSequence : DType::kOptional, std::nullopt,
                   std::make_shared<const ValueType>(std::move(element))};
}

}  // namespace

Result<ValueType> ToValueType(const onnx::ValueInfoProto& info, bool tensors_only) {
  const std::string where = "'" + info.name() + "'";
  if (info.type().value_case() == Proto::VALUE_NOT_SET) return Invalid(where, "has no type");
  if (tensors_only && !info.type().has_tensor_type())
    return Fail(ErrorCode::kUnsupportedType,
                where + " is " + std::string(KindName(info.type())) + ", not a tensor",
                "Export the model with tensors as inputs and outputs (for classifiers made by "
                "sklearn-onnx: with zipmap off).");
  return FromProto(info.type(), info.name());
}

}  // namespace insitu
