// xnn_status in the engine's words.
// Invariant: success is the only status that does not become an Error; running out of memory keeps
// its own code, everything else is Internal because Consider has refused what XNNPACK rejects.
#pragma once

#include <xnnpack.h>

#include <string_view>

#include "base/error.h"

namespace insitu::xnn {

// `what` names the step for the message, for example "create convolution".
Status ToStatus(xnn_status status, std::string_view what);

}  // namespace insitu::xnn
