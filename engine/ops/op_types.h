// Which element types an operator takes, asked of its inference; for documentation and listings.
#pragma once

#include <vector>

#include "ops/op_def.h"

namespace insitu {

// The types of input 0 that inference does not refuse, in the order of DType; all of them where it
// has no opinion, none for operators without inputs or on sequences alone.
std::vector<DType> AcceptedTypes(const OpDef& def);

}  // namespace insitu
