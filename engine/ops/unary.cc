// Abs, Neg, Sign, Floor, Ceil, Round, Sqrt, Reciprocal, Exp, Log, Erf: elementwise mathematics.
// https://onnx.ai/onnx/operators/onnx__Abs.html (13) and its neighbours.
// Round goes to the nearest integer, ties to even. Abs and Neg of the least integer wrap.
#include "ops/unary.h"

#include <cmath>

namespace insitu {

Status RunUnary(RunContext& context, const UnaryParameters& parameters, UnaryBlock<double> block,
                UnaryBlock<int64_t> integer_block) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  const int64_t count = x.elements();
  const auto run = [&]<class T>(UnaryBlock<T> apply) {
    T values[kBlock];
    for (int64_t start = 0; start < count; start += kBlock) {
      const int64_t n = std::min(kBlock, count - start);
      LoadElements(x, start, 1, n, values);
      apply(values, n, parameters);
      StoreElements(values, n, y, start);
    }
  };
  if (integer_block && ArithmeticOf(x.dtype) != Arithmetic::kReal)
    run(integer_block);
  else
    run(block);
  return {};
}

namespace {

struct Abs {
  static double Of(double v) { return std::fabs(v); }
  static int64_t Of(int64_t v) {
    return v < 0 ? static_cast<int64_t>(-static_cast<uint64_t>(v)) : v;
  }
};
struct Neg {
  static double Of(double v) { return -v; }
  static int64_t Of(int64_t v) { return static_cast<int64_t>(-static_cast<uint64_t>(v)); }
};
struct Sign {
  template <class T>
  static T Of(T v) {
    return v != v ? v : static_cast<T>((v > 0) - (v < 0));
  }
};
struct Floor {
  static double Of(double v) { return std::floor(v); }
};
struct Ceil {
  static double Of(double v) { return std::ceil(v); }
};
struct Round {
  static double Of(double v) { return std::rint(v); }
};
struct Sqrt {
  static double Of(double v) { return std::sqrt(v); }
};
struct Reciprocal {
  static double Of(double v) { return 1 / v; }
};
struct Exp {
  static double Of(double v) { return std::exp(v); }
};
struct Log {
  static double Of(double v) { return std::log(v); }
};
struct Erf {
  static double Of(double v) { return std::erf(v); }
};

// Unsigned integers have nothing to take the absolute value or sign of, save that uint64 must not
// be read as signed.
template <class Op>
Status RunNumeric(RunContext& context) {
  const DType dtype = context.inputs[0].dtype;
  if constexpr (std::is_same_v<Op, Abs>) {
    if (dtype == DType::kUint64)
      return RunUnary(context, {}, UnaryLoop<Abs, double>, [](int64_t*, int64_t, const auto&) {});
  } else if (dtype == DType::kUint64) {
    return RunUnary(context, {}, UnaryLoop<Op, double>,
                    [](int64_t* y, int64_t count, const UnaryParameters&) {
                      for (int64_t i = 0; i < count; ++i) y[i] = y[i] != 0;
                    });
  }
  return RunUnary(context, {}, UnaryLoop<Op, double>, UnaryLoop<Op, int64_t>);
}

template <class Op>
Status RunFloat(RunContext& context) {
  return RunUnary(context, {}, UnaryLoop<Op, double>);
}

Status InferNumeric(InferContext& context) { return InferSame(context, kNumericTypes); }
Status InferSigned(InferContext& context) { return InferSame(context, kFloatTypes | kSignedTypes); }

template <lowered::UnaryKind kKind>
Lowering Lower(const LowerContext& context) {
  return LowerUnary(context, kKind);
}

constexpr int kSince[] = {1, 6, 13};
constexpr int kSignSince[] = {9, 13};
constexpr int kRoundSince[] = {11, 22};

constexpr OpDef Define(std::string_view name, Status (*infer)(InferContext&),
                       Status (*run)(RunContext&), Lowering (*lower)(const LowerContext&),
                       std::span<const int> since = kSince) {
  return {.name = name,
          .since = since,
          .infer = infer,
          .run = run,
          .lower = lower,
          .no_lowering = "no backend has this function",
          .commute = CommuteUnchanged};
}

using lowered::UnaryKind;

}  // namespace

const OpDef kAbsOp = Define("Abs", InferNumeric, RunNumeric<Abs>, Lower<UnaryKind::kAbs>);
const OpDef kNegOp = Define("Neg", InferSigned, RunNumeric<Neg>, Lower<UnaryKind::kNeg>);
const OpDef kSignOp = Define("Sign", InferNumeric, RunNumeric<Sign>, nullptr, kSignSince);
const OpDef kFloorOp = Define("Floor", InferFloatUnary, RunFloat<Floor>, Lower<UnaryKind::kFloor>);
const OpDef kCeilOp = Define("Ceil", InferFloatUnary, RunFloat<Ceil>, Lower<UnaryKind::kCeil>);
const OpDef kRoundOp =
    Define("Round", InferFloatUnary, RunFloat<Round>, Lower<UnaryKind::kRound>, kRoundSince);
const OpDef kSqrtOp = Define("Sqrt", InferFloatUnary, RunFloat<Sqrt>, Lower<UnaryKind::kSqrt>);
const OpDef kReciprocalOp = Define("Reciprocal", InferFloatUnary, RunFloat<Reciprocal>, nullptr);
const OpDef kExpOp = Define("Exp", InferFloatUnary, RunFloat<Exp>, Lower<UnaryKind::kExp>);
const OpDef kLogOp = Define("Log", InferFloatUnary, RunFloat<Log>, Lower<UnaryKind::kLog>);
const OpDef kErfOp =
    Define("Erf", InferFloatUnary, RunFloat<Erf>, Lower<UnaryKind::kErf>, kSignSince);

}  // namespace insitu
