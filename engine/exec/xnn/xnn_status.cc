// Mapping of xnn_status to Error.
#include "exec/xnn/xnn_status.h"

#include <string>

namespace insitu::xnn {
namespace {

std::string_view Describe(xnn_status status) {
  switch (status) {
    case xnn_status_success:
      return "success";
    case xnn_status_uninitialized:
      return "not initialised";
    case xnn_status_invalid_parameter:
      return "invalid parameter";
    case xnn_status_invalid_state:
      return "invalid state";
    case xnn_status_unsupported_parameter:
      return "unsupported parameter";
    case xnn_status_unsupported_hardware:
      return "unsupported processor";
    case xnn_status_out_of_memory:
      return "out of memory";
    case xnn_status_reallocation_required:
      return "reallocation required";
    case xnn_status_deprecated:
      return "deprecated";
  }
  return "unknown status";
}

}  // namespace

Status ToStatus(xnn_status status, std::string_view what) {
  if (status == xnn_status_success) return {};
  std::string message = "XNNPACK: " + std::string(what) + ": " + std::string(Describe(status));
  if (status == xnn_status_out_of_memory)
    return Fail(ErrorCode::kOutOfMemory, std::move(message),
                "Use a smaller batch or model, or dispose sessions that are no longer needed.");
  return Fail(ErrorCode::kInternal, std::move(message),
              "Load the model with backend 'reference' and report this model.");
}

}  // namespace insitu::xnn
