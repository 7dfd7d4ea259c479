// Equal, Less, LessOrEqual, Greater, GreaterOrEqual: elementwise comparison, output bool.
// https://onnx.ai/onnx/operators/onnx__Equal.html (19), onnx__Less.html (13), ...
// Comparisons with NaN are false. Equal also takes bool and strings.
#include "ops/broadcast.h"
#include "ops/ops.h"

namespace insitu {
namespace {

struct Equal {
  static constexpr DTypeSet kTypes = kNumericTypes | kBoolType | kStringType;
  template <class T>
  static bool Of(T a, T b) {
    return a == b;
  }
};
struct Less {
  static constexpr DTypeSet kTypes = kNumericTypes;
  template <class T>
  static bool Of(T a, T b) {
    return a < b;
  }
};
struct LessOrEqual {
  static constexpr DTypeSet kTypes = kNumericTypes;
  template <class T>
  static bool Of(T a, T b) {
    return a <= b;
  }
};
struct Greater {
  static constexpr DTypeSet kTypes = kNumericTypes;
  template <class T>
  static bool Of(T a, T b) {
    return a > b;
  }
};
struct GreaterOrEqual {
  static constexpr DTypeSet kTypes = kNumericTypes;
  template <class T>
  static bool Of(T a, T b) {
    return a >= b;
  }
};

template <class Op>
Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, Op::kTypes));
  INSITU_TRY(RequireSameType(context, 0, 1));
  INSITU_ASSIGN(auto shape, InferBroadcast(context));
  context.SetOutput(0, DType::kBool, std::move(shape));
  return {};
}

Status EqualStrings(RunContext& context) {
  INSITU_ASSIGN(Dims dims, BroadcastDims(context.inputs.first(2)));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, DType::kBool, std::move(dims)));
  BroadcastLoop loop(y.dims, context.inputs.first(2));
  while (loop.Next(1)) {
    const BroadcastRow& row = loop.row();
    const bool equal = (*context.inputs[0].strings)[static_cast<size_t>(row.inputs[0])] ==
                       (*context.inputs[1].strings)[static_cast<size_t>(row.inputs[1])];
    y.data[row.output] = static_cast<std::byte>(equal);
  }
  return {};
}

template <class Op>
Status Run(RunContext& context) {
  if (context.inputs[0].dtype == DType::kString) return EqualStrings(context);
  INSITU_TRY(RunBinary<Op>(context, DType::kBool));
  return {};
}

constexpr int kEqualSince[] = {1, 7, 11, 13, 19};
constexpr int kLessSince[] = {1, 7, 9, 13};
constexpr int kLessOrEqualSince[] = {12, 16};

template <class Op>
constexpr OpDef Define(std::string_view name, std::span<const int> since) {
  return {.name = name,
          .since = since,
          .min_inputs = 2,
          .max_inputs = 2,
          .infer = Infer<Op>,
          .run = Run<Op>,
          .no_lowering = "no backend compares",
          .commute = CommuteUnchanged,
          .commute_inputs = CommuteBroadcastInputs};
}

}  // namespace

const OpDef kEqualOp = Define<Equal>("Equal", kEqualSince);
const OpDef kLessOp = Define<Less>("Less", kLessSince);
const OpDef kLessOrEqualOp = Define<LessOrEqual>("LessOrEqual", kLessOrEqualSince);
const OpDef kGreaterOp = Define<Greater>("Greater", kLessSince);
const OpDef kGreaterOrEqualOp = Define<GreaterOrEqual>("GreaterOrEqual", kLessOrEqualSince);

}  // namespace insitu
