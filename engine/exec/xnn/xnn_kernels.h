// The lowered operations that XNNPACK takes: one Consider and one Create each, in one file each.
// Invariant: Consider refuses whatever XNNPACK would reject or compute inexactly (integers), so
// that Create fails only for want of memory.
#pragma once

#include <pthreadpool.h>

#include <expected>
#include <memory>

#include "base/error.h"
#include "ops/infer_util.h"
#include "ops/lowering.h"
#include "plan/backend.h"

namespace insitu::xnn {

using Considered = std::expected<Offer, Refusal>;
using Created = Result<std::unique_ptr<Kernel>>;

Considered Consider(const lowered::Convolution& op);
Considered Consider(const lowered::FullyConnected& op);
Considered Consider(const lowered::DynamicFullyConnected& op);
Considered Consider(const lowered::BatchMatMul& op);
Considered Consider(const lowered::Binary& op);
Considered Consider(const lowered::Unary& op);
Considered Consider(const lowered::Pool& op);
Considered Consider(const lowered::Softmax& op);
Considered Consider(const lowered::Permute& op);
Considered Consider(const lowered::Reduce& op);

Created Create(const lowered::Convolution& op, pthreadpool_t pool, PackedWeights packed);
Created Create(const lowered::FullyConnected& op, pthreadpool_t pool, PackedWeights packed);
Created Create(const lowered::DynamicFullyConnected& op, pthreadpool_t pool, PackedWeights packed);
Created Create(const lowered::BatchMatMul& op, pthreadpool_t pool, PackedWeights packed);
Created Create(const lowered::Binary& op, pthreadpool_t pool, PackedWeights packed);
Created Create(const lowered::Unary& op, pthreadpool_t pool, PackedWeights packed);
Created Create(const lowered::Pool& op, pthreadpool_t pool, PackedWeights packed);
Created Create(const lowered::Softmax& op, pthreadpool_t pool, PackedWeights packed);
Created Create(const lowered::Permute& op, pthreadpool_t pool, PackedWeights packed);
Created Create(const lowered::Reduce& op, pthreadpool_t pool, PackedWeights packed);

}  // namespace insitu::xnn
