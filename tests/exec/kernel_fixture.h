// What the tests of exec/ share: backends with one and two threads, random tensors, and one call of
// a kernel with memory as the planner lays it out.
#pragma once

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <random>
#include <vector>

#include "base/buffer.h"
#include "exec/kernels/kernel_backend.h"
#include "exec/xnn/xnn_backend.h"
#include "support/places.h"
#include "support/written.h"

namespace insitu::test {

using Rng = std::mt19937;

inline int64_t Pick(Rng& rng, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(rng);
}
inline float PickFloat(Rng& rng, float low, float high) {
  return std::uniform_real_distribution<float>(low, high)(rng);
}

// Flavours without threads run on one, whatever is asked.
inline const ThreadPool& Pool(int threads) {
  static const std::unique_ptr<ThreadPool> one = ThreadPool::Create(1).value();
  static const std::unique_ptr<ThreadPool> two = ThreadPool::Create(kHasThreads ? 2 : 1).value();
  return threads == 1 ? *one : *two;
}

inline Backend& Xnn(int threads) {
  static const std::unique_ptr<Backend> one = CreateXnnBackend(Pool(1)).value();
  static const std::unique_ptr<Backend> two = CreateXnnBackend(Pool(2)).value();
  return threads == 1 ? *one : *two;
}

inline Backend& Own(int threads = 1) {
  static const std::unique_ptr<Backend> one = CreateKernelBackend(Pool(1));
  static const std::unique_ptr<Backend> two = CreateKernelBackend(Pool(2));
  return threads == 1 ? *one : *two;
}

inline Tensor Make(DType dtype, Dims dims) { return Tensor::Allocate(dtype, dims).value(); }

// All 256 values; `extreme` only the two ends of the type.
inline Tensor RandomBytes(Rng& rng, DType dtype, Dims dims, bool extreme = false) {
  Tensor t = Make(dtype, std::move(dims));
  const int low = dtype == DType::kInt8 ? 0x80 : 0x00;
  for (size_t i = 0; i < t.size_bytes(); ++i)
    t.data()[i] = static_cast<std::byte>(extreme ? low ^ (Pick(rng, 0, 1) ? 0xff : 0x00)
                                                 : static_cast<int>(Pick(rng, 0, 255)));
  return t;
}

inline Tensor RandomFloats(Rng& rng, Dims dims, float low = -1.0f, float high = 1.0f) {
  Tensor t = Make(DType::kFloat32, std::move(dims));
  for (float& value : t.As<float>()) value = PickFloat(rng, low, high);
  return t;
}

// Reshapes and runs; scratch is filled with rubbish first.
inline Tensor RunKernel(Kernel& kernel, const std::vector<Tensor>& inputs, DType dtype, Dims dims) {
  std::vector<Dims> input_dims;
  std::vector<const std::byte*> data;
  for (const Tensor& input : inputs) {
    input_dims.push_back(input.dims());
    data.push_back(input.data());
  }
  Tensor output = Make(dtype, dims);
  const std::vector<Dims> output_dims{std::move(dims)};
  auto scratch_bytes = kernel.Reshape(input_dims, output_dims);
  INFO((scratch_bytes ? "" : ToString(scratch_bytes.error())));
  REQUIRE(scratch_bytes);
  Buffer scratch = Buffer::Allocate(*scratch_bytes).value();
  for (size_t i = 0; i < *scratch_bytes; ++i) scratch.data()[i] = std::byte{0xa5};
  std::byte* outputs[] = {output.data()};
  const auto status = kernel.Run(data, outputs, scratch.data());
  INFO((status ? "" : ToString(status.error())));
  REQUIRE(status);
  return output;
}

inline bool SameBytes(const Tensor& a, const Tensor& b) {
  return a.dims() == b.dims() && std::ranges::equal(a.bytes(), b.bytes());
}

// The same kernel made of its packed weights, without the weights themselves.
inline Result<std::unique_ptr<Kernel>> Restored(Backend& backend, LoweredOp op, Kernel& kernel) {
  Archive out;
  kernel.packed()->Transfer(out);
  Archive in = Opened(Written(out)).value();
  PackedWeights packed;
  packed.Transfer(in);
  ForgetWeights(op);
  return backend.Create(op, std::move(packed));
}

// The kernel a backend makes for an operation it must accept; every other one that has packed its
// weights is a restored one.
inline std::unique_ptr<Kernel> Accepted(Backend& backend, const LoweredOp& op) {
  const auto offer = backend.Consider(op);
  INFO((offer ? "" : offer.error().why));
  REQUIRE(offer);
  auto kernel = backend.Create(op, {});
  INFO((kernel ? "" : ToString(kernel.error())));
  REQUIRE(kernel);
  static int count = 0;
  if (!(*kernel)->packed() || (*kernel)->packed()->empty() || ++count % 2 == 0)
    return std::move(*kernel);
  auto restored = Restored(backend, op, **kernel);
  INFO((restored ? "" : ToString(restored.error())));
  REQUIRE(restored);
  return std::move(*restored);
}

}  // namespace insitu::test
