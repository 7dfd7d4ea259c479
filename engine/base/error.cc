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
