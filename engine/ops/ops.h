// Declares the OpDef of every operator in ops.def, so that each definition has external linkage and
// the table in op_def.cc can point to it. Every ops/<name>.cc includes this.
#pragma once

#include "ops/op_def.h"

namespace insitu {

#define OP(Name) extern const OpDef k##Name##Op;
#include "ops/ops.def"
#undef OP

}  // namespace insitu
