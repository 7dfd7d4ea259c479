// The lowered operations that insitu's own kernels take: one Consider and one Create each.
// Invariant: Create after an accepted Consider fails only for want of memory.
#pragma once

#include <expected>
#include <memory>

#include "base/error.h"
#include "exec/thread_pool.h"
#include "ops/infer_util.h"
#include "ops/lowering.h"
#include "ops/quantization.h"
#include "plan/backend.h"

namespace insitu::kernels {

using Considered = std::expected<Offer, Refusal>;
using Created = Result<std::unique_ptr<Kernel>>;

Considered Consider(const lowered::BatchMatMul& op);
Considered Consider(const lowered::Binary& op);
Considered Consider(const lowered::BlockFullyConnected& op);
Considered Consider(const lowered::ByteMap& op);
Considered Consider(const lowered::ByteSelect& op);
Considered Consider(const lowered::Concat& op);
Considered Consider(const lowered::Convolution& op);
Considered Consider(const lowered::Dequantize& op);
Considered Consider(const lowered::DynamicFullyConnected& op);
Considered Consider(const lowered::DynamicQuantize& op);
Considered Consider(const lowered::FullyConnected& op);
Considered Consider(const lowered::Normalize& op);
Considered Consider(const lowered::Pool& op);
Considered Consider(const lowered::Quantize& op);
Considered Consider(const lowered::QuantizedSoftmax& op);
Considered Consider(const lowered::Unary& op);

Created Create(const lowered::BatchMatMul& op, const ThreadPool& pool, PackedWeights packed);
Created Create(const lowered::Binary& op, const ThreadPool& pool, PackedWeights packed);
Created Create(const lowered::BlockFullyConnected& op, const ThreadPool& pool,
               PackedWeights packed);
Created Create(const lowered::ByteMap& op, const ThreadPool& pool, PackedWeights packed);
Created Create(const lowered::ByteSelect& op, const ThreadPool& pool, PackedWeights packed);
Created Create(const lowered::Concat& op, const ThreadPool& pool, PackedWeights packed);
Created Create(const lowered::Convolution& op, const ThreadPool& pool, PackedWeights packed);
Created Create(const lowered::Dequantize& op, const ThreadPool& pool, PackedWeights packed);
Created Create(const lowered::DynamicFullyConnected& op, const ThreadPool& pool,
               PackedWeights packed);
Created Create(const lowered::DynamicQuantize& op, const ThreadPool& pool, PackedWeights packed);
Created Create(const lowered::FullyConnected& op, const ThreadPool& pool, PackedWeights packed);
Created Create(const lowered::Normalize& op, const ThreadPool& pool, PackedWeights packed);
Created Create(const lowered::Pool& op, const ThreadPool& pool, PackedWeights packed);
Created Create(const lowered::Quantize& op, const ThreadPool& pool, PackedWeights packed);
Created Create(const lowered::QuantizedSoftmax& op, const ThreadPool& pool, PackedWeights packed);
Created Create(const lowered::Unary& op, const ThreadPool& pool, PackedWeights packed);

// The bytes of a tensor as elements of type T.
template <class T>
const T* Cast(const std::byte* data) {
  return reinterpret_cast<const T*>(data);
}
template <class T>
T* Cast(std::byte* data) {
  return reinterpret_cast<T*>(data);
}

}  // namespace insitu::kernels
