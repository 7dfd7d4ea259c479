// What of a model cannot be run, all of it in one error.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace insitu {

// One part of a model that insitu cannot run.
struct Unsupported {
  std::string node, op, what;
};

// All of them as one error: up to 20 operators, and what of each, with the first node and count.
Error UnsupportedError(const std::vector<Unsupported>& unsupported,
                       ErrorCode code = ErrorCode::kUnsupportedOp);

}  // namespace insitu
