// The values, in the range that ops/dynamic_range.h finds.
#include "exec/kernels/dynamic_quantize.h"

#include "exec/kernels/kernels.h"
#include "exec/kernels/simd_requantize.h"
#include "ops/dynamic_range.h"

namespace insitu::kernels {

namespace {

Extremes ExtremesOf(std::span<const float> x) {
  Extremes extremes;
#ifdef __wasm_simd128__
  constexpr size_t kStep = 16;
  const size_t whole = x.size() / kStep * kStep;
  v128_t min[4], max[4];
  for (int i = 0; i < 4; ++i) min[i] = max[i] = wasm_f32x4_splat(0.0f);
  for (size_t at = 0; at < whole; at += kStep)
    for (size_t i = 0; i < 4; ++i) {
      const v128_t four = wasm_v128_load(x.data() + at + 4 * i);
      min[i] = wasm_f32x4_pmin(min[i], four);  // keeps the first where the second is not a number
      max[i] = wasm_f32x4_pmax(max[i], four);
    }
  float lanes[32];
  for (size_t i = 0; i < 4; ++i) {
    wasm_v128_store(lanes + 4 * i, min[i]);
    wasm_v128_store(lanes + 16 + 4 * i, max[i]);
  }
  extremes.Include(lanes);
  x = x.subspan(whole);
#endif
  extremes.Include(x);
  return extremes;
}

class DynamicQuantizeKernel final : public Kernel {
 public:
  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    elements_ = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    return 0;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    const Quantization q = DynamicQuantize({Cast<float>(inputs[0]), elements_},
                                           {Cast<uint8_t>(outputs[0]), elements_});
    *Cast<float>(outputs[1]) = q.scale;
    *Cast<uint8_t>(outputs[2]) = static_cast<uint8_t>(q.zero_point);
    return {};
  }

 private:
  size_t elements_ = 0;
};

}  // namespace

Quantization DynamicQuantize(std::span<const float> x, std::span<uint8_t> y) {
  const Quantization q = DynamicRange(ExtremesOf(x));
  QuantizeFloats(x.data(), x.size(), q, {0, 255}, reinterpret_cast<std::byte*>(y.data()));
  return q;
}

Considered Consider(const lowered::DynamicQuantize&) { return Offer{.cost = 2.0}; }

Created Create(const lowered::DynamicQuantize&, const ThreadPool&, PackedWeights) {
  return std::make_unique<DynamicQuantizeKernel>();
}

}  // namespace insitu::kernels
