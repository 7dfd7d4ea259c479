// What the pools share when they are lowered.
#pragma once

#include "ops/op_def.h"

namespace insitu {

// Kind, window and layout of a pool with one or two spatial axes; quantization is the caller's.
std::expected<lowered::Pool, Refusal> LowerPool(const LowerContext& context,
                                                lowered::PoolKind kind);
// The same for a pool over all spatial axes.
std::expected<lowered::Pool, Refusal> LowerGlobalPool(const LowerContext& context,
                                                      lowered::PoolKind kind);

}  // namespace insitu
