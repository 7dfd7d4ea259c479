// Pow: x raised to y, elementwise with numpy broadcasting; the result has the type of x.
// https://onnx.ai/onnx/operators/onnx__Pow.html (15).
// Integer powers of integers are exact and wrap; everything else goes through double.
#include <cmath>

#include "ops/broadcast.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr DTypeSet kBaseTypes = kFloatTypes | kIndexTypes;

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kBaseTypes));
  INSITU_TRY(RequireType(context, 1, kNumericTypes));
  INSITU_ASSIGN(auto shape, InferBroadcast(context));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

int64_t IntegerPower(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  uint64_t result = 1, factor = static_cast<uint64_t>(base);
  for (; exponent > 0; exponent >>= 1, factor *= factor)
    if (exponent & 1) result *= factor;
  return static_cast<int64_t>(result);
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[0], &exponent = context.inputs[1];
  INSITU_ASSIGN(Dims dims, BroadcastDims(context.inputs.first(2)));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  const auto is_real = [](DType dtype) { return ArithmeticOf(dtype) == Arithmetic::kReal; };
  if (is_real(x.dtype) || is_real(exponent.dtype)) {
    RunBinaryBlocks<double>(x, exponent, y,
                            [](const double* a, const double* b, double* result, int64_t count) {
                              for (int64_t i = 0; i < count; ++i) result[i] = std::pow(a[i], b[i]);
                            });
  } else {
    RunBinaryBlocks<int64_t>(
        x, exponent, y, [](const int64_t* a, const int64_t* b, int64_t* result, int64_t count) {
          for (int64_t i = 0; i < count; ++i) result[i] = IntegerPower(a[i], b[i]);
        });
  }
  return {};
}

Lowering Lower(const LowerContext& context) {
  if (context.dtype(0) != context.dtype(1)) return Refuse("base and exponent differ in type");
  return LoweredNode{lowered::Binary{.kind = lowered::BinaryKind::kPow,
                                     .dtype = context.dtype(0),
                                     .a = {},
                                     .b = {},
                                     .y = {},
                                     .clamp = {}},
                     {0, 1}};
}

constexpr int kSince[] = {1, 7, 12, 13, 15};

}  // namespace

const OpDef kPowOp = {
    .name = "Pow",
    .since = kSince,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteUnchanged,
    .commute_inputs = CommuteBroadcastInputs,
};

}  // namespace insitu
