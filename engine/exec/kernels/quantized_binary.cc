// Quantized Add, Sub, Mul and Div with numpy broadcasting:
//   y = saturate(rint_half_even((A + B) / scale_y) + zero_point_y), or A - B, A * B, A / B,
//   A = float32(a - zero_point_a) * scale_a, B alike, all in float32 without contraction.
// The innermost dimension runs in one of three forms: both sides step, or one side stands still.
#include "exec/kernels/broadcast.h"
#include "exec/kernels/eight_reals.h"
#include "exec/kernels/kernels.h"
#include "exec/kernels/simd_requantize.h"
#include "exec/thread_pool.h"
#include "ops/requantize.h"

namespace insitu::kernels {
namespace {

using lowered::BinaryKind;

struct Parameters {
  Quantization a, b, y;
  QuantizedRange range;
};

template <BinaryKind kKind>
float Compute(float a, float b) {
#pragma clang fp contract(off)
  switch (kKind) {
    case BinaryKind::kAdd:
      return a + b;
    case BinaryKind::kSub:
      return a - b;
    case BinaryKind::kMul:
      return a * b;
    default:
      return a / b;
  }
}

#ifdef __wasm_simd128__
template <BinaryKind kKind>
v128_t Compute(v128_t a, v128_t b) {
  switch (kKind) {
    case BinaryKind::kAdd:
      return wasm_f32x4_add(a, b);
    case BinaryKind::kSub:
      return wasm_f32x4_sub(a, b);
    case BinaryKind::kMul:
      return wasm_f32x4_mul(a, b);
    default:
      return wasm_f32x4_div(a, b);
  }
}

template <size_t kStep, class T>
EightReals Load(const T* from, const Quantization& q) {
  return kStep == 0 ? EightReals::Splat(from, q) : EightReals::Load(from, q);
}

// Eight at a time as far as they go; gives how many are done. `p` is a copy, since writing bytes
// would make the compiler load it anew.
template <class T, BinaryKind kKind, size_t kStepA, size_t kStepB>
size_t RunEights(const T* a, const T* b, T* y, size_t count, const Parameters p) {
  const v128_t scale = wasm_f32x4_splat(p.y.scale);
  size_t i = 0;
  for (; i + EightReals::kCount <= count; i += EightReals::kCount) {
    const EightReals left = Load<kStepA>(a + i * kStepA, p.a);
    const EightReals right = Load<kStepB>(b + i * kStepB, p.b);
    const auto steps = [&](v128_t one, v128_t other) {
      return RoundFour(wasm_f32x4_div(Compute<kKind>(one, other), scale), p.y.zero_point, p.range);
    };
    StoreEight(steps(left.low, right.low), steps(left.high, right.high),
               reinterpret_cast<std::byte*>(y + i));
  }
  return i;
}
#endif

template <class T, BinaryKind kKind, size_t kStepA, size_t kStepB>
void RunRow(const T* a, const T* b, T* y, size_t count, const Parameters& p) {
#pragma clang fp contract(off)
  size_t i = 0;
#ifdef __wasm_simd128__
  i = RunEights<T, kKind, kStepA, kStepB>(a, b, y, count, p);
#endif
  for (; i < count; ++i) {
    const float left = static_cast<float>(a[i * kStepA] - p.a.zero_point) * p.a.scale;
    const float right = static_cast<float>(b[i * kStepB] - p.b.zero_point) * p.b.scale;
    y[i] = static_cast<T>(
        RoundToRange(Compute<kKind>(left, right) / p.y.scale, p.y.zero_point, p.range));
  }
}

template <class T, BinaryKind kKind>
class QuantizedBinaryKernel final : public Kernel {
 public:
  QuantizedBinaryKernel(const lowered::Binary& op, const ThreadPool& pool)
      : parameters_{*op.a, *op.b, *op.y, RangeOf<T>(op.clamp)}, pool_(pool) {}

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    empty_ = ElementsUnchecked(outputs[0]) == 0;
    if (empty_) return 0;
    auto shapes = CompressBroadcast(inputs[0], inputs[1]);
    if (!shapes)
      return Fail(ErrorCode::kShapeMismatch, "shapes " + ToString(inputs[0]) + " and " +
                                                 ToString(inputs[1]) + " do not broadcast");
    shapes_ = *std::move(shapes);
    return 0;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    if (empty_) return {};
    const T *a = Cast<T>(inputs[0]), *b = Cast<T>(inputs[1]);
    T* y = Cast<T>(outputs[0]);
    if (shapes_.a.size() == 1 && shapes_.a[0] == shapes_.b[0])
      pool_.ForEachRange(shapes_.a[0], [&](size_t first, size_t count) {
        RunRow<T, kKind, 1, 1>(a + first, b + first, y + first, count, parameters_);
      });
    else
      RunFrom(0, a, b, y);
    return {};
  }

 private:
  // Advances the three pointers over dimension `d` and those inside it.
  void RunFrom(size_t d, const T* a, const T* b, T*& y) const {
    const size_t size_a = shapes_.a[d], size_b = shapes_.b[d];
    const size_t count = size_a > size_b ? size_a : size_b;
    if (d + 1 == shapes_.a.size()) {
      if (size_a == size_b) {
        RunRow<T, kKind, 1, 1>(a, b, y, count, parameters_);
      } else if (size_a == 1) {
        RunRow<T, kKind, 0, 1>(a, b, y, count, parameters_);
      } else {
        RunRow<T, kKind, 1, 0>(a, b, y, count, parameters_);
      }
      y += count;
      return;
    }
    size_t step_a = 1, step_b = 1;
    for (size_t i = d + 1; i < shapes_.a.size(); ++i) {
      step_a *= shapes_.a[i];
      step_b *= shapes_.b[i];
    }
    for (size_t i = 0; i < count; ++i)
      RunFrom(d + 1, size_a == 1 ? a : a + i * step_a, size_b == 1 ? b : b + i * step_b, y);
  }

  Parameters parameters_;
  const ThreadPool& pool_;
  BroadcastShapes shapes_;
  bool empty_ = false;
};

template <class T>
Created CreateOf(const lowered::Binary& op, const ThreadPool& pool) {
  switch (op.kind) {
    case BinaryKind::kAdd:
      return std::make_unique<QuantizedBinaryKernel<T, BinaryKind::kAdd>>(op, pool);
    case BinaryKind::kSub:
      return std::make_unique<QuantizedBinaryKernel<T, BinaryKind::kSub>>(op, pool);
    case BinaryKind::kMul:
      return std::make_unique<QuantizedBinaryKernel<T, BinaryKind::kMul>>(op, pool);
    default:
      return std::make_unique<QuantizedBinaryKernel<T, BinaryKind::kDiv>>(op, pool);
  }
}

}  // namespace

Considered Consider(const lowered::Binary& op) {
  if (!IsByte(op.dtype)) return Refuse("only quantized 8-bit integers");
  if (op.kind != BinaryKind::kAdd && op.kind != BinaryKind::kSub && op.kind != BinaryKind::kMul &&
      op.kind != BinaryKind::kDiv)
    return Refuse("only quantized Add, Sub, Mul and Div");
  if (!op.a || !op.b || !op.y) return Refuse("the quantization of both sides must be known");
  return Offer{.cost = 2.0};
}

Created Create(const lowered::Binary& op, const ThreadPool& pool, PackedWeights) {
  return op.dtype == DType::kInt8 ? CreateOf<int8_t>(op, pool) : CreateOf<uint8_t>(op, pool);
}

}  // namespace insitu::kernels
