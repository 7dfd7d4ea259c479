// Spelling of error codes and the one-line form of an Error.
#include "base/error.h"

namespace insitu {

std::string_view Name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidModel:
      return "InvalidModel";
    case ErrorCode::kUnsupportedOp:
      return "UnsupportedOp";
    case ErrorCode::kUnsupportedType:
      return "UnsupportedType";
    case ErrorCode::kInvalidArgument:
      return "InvalidArgument";
    case ErrorCode::kShapeMismatch:
      return "ShapeMismatch";
    case ErrorCode::kLimitExceeded:
      return "LimitExceeded";
    case ErrorCode::kOutOfMemory:
      return "OutOfMemory";
    case ErrorCode::kIntegrity:
      return "Integrity";
    case ErrorCode::kNetwork:
      return "Network";
    case ErrorCode::kDataQuality:
      return "DataQuality";
    case ErrorCode::kCancelled:
      return "Cancelled";
    case ErrorCode::kDisposed:
      return "Disposed";
    case ErrorCode::kCrashed:
      return "Crashed";
    case ErrorCode::kInternal:
      return "Internal";
  }
  return "Internal";
}

Error::Error() = default;
Error::Error(ErrorCode the_code, std::string the_message, std::string the_node, std::string the_op,
             std::string the_hint)
    : code(the_code),
      message(std::move(the_message)),
      node(std::move(the_node)),
      op(std::move(the_op)),
      hint(std::move(the_hint)) {}
Error::Error(const Error&) = default;
Error::Error(Error&&) noexcept = default;
Error& Error::operator=(const Error&) = default;
Error& Error::operator=(Error&&) noexcept = default;
Error::~Error() = default;

Error&& Error::At(std::string_view node_name, std::string_view op_type) && {
  if (node.empty()) node = node_name;
  if (op.empty()) op = op_type;
  return std::move(*this);
}

std::unexpected<Error> Fail(ErrorCode code, std::string_view message, std::string_view hint) {
  return std::unexpected(Error(code, std::string(message), {}, {}, std::string(hint)));
}

std::string ToString(const Error& error) {
  std::string text(Name(error.code));
  text += ": " + error.message;
  if (!error.node.empty() || !error.op.empty()) {
    text += " (";
    if (!error.node.empty()) text += "node '" + error.node + "'";
    if (!error.node.empty() && !error.op.empty()) text += ", ";
    if (!error.op.empty()) text += "op " + error.op;
    text += ")";
  }
  if (!error.hint.empty()) text += ". " + error.hint;
  return text;
}

}  // namespace insitu
