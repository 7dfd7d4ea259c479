// Add, Sub, Mul, Div, Mod: elementwise arithmetic with numpy broadcasting.
// https://onnx.ai/onnx/operators/onnx__Add.html and its neighbours (14), onnx__Mod.html (13).
// Integers wrap; integer division truncates towards zero and refuses a zero divisor. Mod has the
// sign of the divisor, and with fmod=1 (needed for floats) that of the dividend. A fused activation
// (ops/activation.h) clamps the result; Mod takes none.
#include <cmath>
#include <type_traits>

#include "ops/activation.h"
#include "ops/broadcast.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

// Integer arithmetic without undefined overflow.
template <class T>
using Wrapping = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;

struct Add {
  static constexpr auto kKind = lowered::BinaryKind::kAdd;
  template <class T>
  static T Of(T a, T b) {
    return static_cast<T>(Wrapping<T>(a) + Wrapping<T>(b));
  }
  static Dim OfDims(const Dim& a, const Dim& b) { return a + b; }
};

struct Sub {
  static constexpr auto kKind = lowered::BinaryKind::kSub;
  template <class T>
  static T Of(T a, T b) {
    return static_cast<T>(Wrapping<T>(a) - Wrapping<T>(b));
  }
  static Dim OfDims(const Dim& a, const Dim& b) { return a - b; }
};

struct Mul {
  static constexpr auto kKind = lowered::BinaryKind::kMul;
  template <class T>
  static T Of(T a, T b) {
    return static_cast<T>(Wrapping<T>(a) * Wrapping<T>(b));
  }
  static Dim OfDims(const Dim& a, const Dim& b) { return a * b; }
};

struct Div {
  static constexpr auto kKind = lowered::BinaryKind::kDiv;
  template <class T>
  static T Of(T a, T b) {
    if constexpr (std::is_same_v<T, int64_t>)
      if (b == -1) return Sub::Of<int64_t>(0, a);
    return a / b;
  }
  static Dim OfDims(const Dim& a, const Dim& b) {
    if (!a.IsKnown() || !b.IsKnown()) return FloorDiv(a, b);
    return b.value() == 0 ? Dim() : Dim(Of(a.value(), b.value()));
  }
};

// With fmod=1.
struct Remainder {
  template <class T>
  static T Of(T a, T b) {
    if constexpr (std::is_same_v<T, double>)
      return std::fmod(a, b);
    else
      return std::is_signed_v<T> && b == static_cast<T>(-1) ? 0 : a % b;
  }
  static Dim OfDims(const Dim&, const Dim&) { return Dim::Unknown(); }
};

struct Mod {
  template <class T>
  static T Of(T a, T b) {
    const T rest = Remainder::Of(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
  static Dim OfDims(const Dim& a, const Dim& b) {
    return b == Dim(0) ? Dim::Unknown() : a - b * FloorDiv(a, b);
  }
};

// Known elements, where one side is a single element or both have as many.
template <class Op>
void InferElements(InferContext& context) {
  const std::vector<Dim>*a = context.elements(0), *b = context.elements(1);
  if (!a || !b || a->empty() || b->empty() || !context.shape(0) || !context.shape(1)) return;
  const size_t count = std::max(a->size(), b->size());
  const bool same_rank = context.shape(0)->size() == context.shape(1)->size();
  if (a->size() == b->size() ? !same_rank && count > 1 : a->size() != 1 && b->size() != 1) return;
  std::vector<Dim> result;
  for (size_t i = 0; i < count; ++i)
    result.push_back(Op::OfDims((*a)[a->size() == 1 ? 0 : i], (*b)[b->size() == 1 ? 0 : i]));
  context.SetElements(0, std::move(result));
}

template <class Op>
Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kNumericTypes));
  INSITU_TRY(RequireSameType(context, 0, 1));
  INSITU_ASSIGN(auto shape, InferBroadcast(context));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  InferElements<Op>(context);
  return {};
}

Status RefuseZeroDivisor(const TensorView& divisor) {
  if (ArithmeticOf(divisor.dtype) == Arithmetic::kReal) return {};
  int64_t block[kBlock];
  for (int64_t start = 0; start < divisor.elements(); start += kBlock) {
    const int64_t n = std::min(kBlock, divisor.elements() - start);
    LoadElements(divisor, start, 1, n, block);
    for (int64_t i = 0; i < n; ++i)
      if (block[i] == 0)
        return Fail(
            ErrorCode::kInvalidArgument,
            "integer division by zero: the divisor is 0 at element " + std::to_string(start + i));
  }
  return {};
}

template <class Op>
Status Run(RunContext& context) {
  if constexpr (std::is_same_v<Op, Div>) INSITU_TRY(RefuseZeroDivisor(context.inputs[1]));
  INSITU_ASSIGN(const TensorView y, RunBinary<Op>(context, context.inputs[0].dtype));
  ApplyActivation(context.node, y);
  return {};
}

template <class Op>
Lowering Lower(const LowerContext& context) {
  lowered::Binary binary{.kind = Op::kKind,
                         .dtype = context.dtype(0),
                         .a = {},
                         .b = {},
                         .y = {},
                         .clamp = ActivationOf(context.node())};
  return LoweredNode{binary, {0, 1}};
}

bool IsFmod(const Node& node) { return node.Attr<int64_t>("fmod", 0) != 0; }

Status InferMod(InferContext& context) {
  if (IsFmod(context.node())) return Infer<Remainder>(context);
  if (context.HasInput(0) && IsFloat(context.dtype(0)))
    return Fail(ErrorCode::kInvalidModel, "Mod of floats needs the attribute fmod to be 1",
                "The model was written by a faulty exporter.");
  return Infer<Mod>(context);
}

Status RunMod(RunContext& context) {
  INSITU_TRY(RefuseZeroDivisor(context.inputs[1]));
  if (IsFmod(context.node)) {
    INSITU_TRY(RunBinary<Remainder>(context, context.inputs[0].dtype));
  } else {
    INSITU_TRY(RunBinary<Mod>(context, context.inputs[0].dtype));
  }
  return {};
}

constexpr int kSince[] = {1, 6, 7, 13, 14};
constexpr int kModSince[] = {10, 13};
constexpr AttrSpec kModAttributes[] = {{"fmod", AttrKind::kInt}};

template <class Op>
constexpr OpDef Define(std::string_view name) {
  return {.name = name,
          .since = kSince,
          .min_inputs = 2,
          .max_inputs = 2,
          .infer = Infer<Op>,
          .run = Run<Op>,
          .lower = Lower<Op>,
          .commute = CommuteUnchanged,
          .commute_inputs = CommuteBroadcastInputs};
}

}  // namespace

const OpDef kAddOp = Define<Add>("Add");
const OpDef kSubOp = Define<Sub>("Sub");
const OpDef kMulOp = Define<Mul>("Mul");
const OpDef kDivOp = Define<Div>("Div");

const OpDef kModOp = {
    .name = "Mod",
    .since = kModSince,
    .attributes = kModAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = InferMod,
    .run = RunMod,
    .no_lowering = "no backend has this function",
    .commute = CommuteUnchanged,
    .commute_inputs = CommuteBroadcastInputs,
};

}  // namespace insitu
