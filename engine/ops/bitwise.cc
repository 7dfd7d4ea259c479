// BitwiseAnd, BitwiseOr, BitwiseXor, BitwiseNot and BitShift on integers, with numpy broadcasting.
// https://onnx.ai/onnx/operators/onnx__BitwiseAnd.html (18), onnx__BitShift.html (11).
// Bits are moved as int64 whatever the type; storing keeps the low ones. Shifting by the width of
// the type or more gives 0.
#include "ops/broadcast.h"
#include "ops/ops.h"
#include "ops/unary.h"

namespace insitu {
namespace {

struct And {
  static int64_t Of(int64_t a, int64_t b) { return a & b; }
};
struct Or {
  static int64_t Of(int64_t a, int64_t b) { return a | b; }
};
struct Xor {
  static int64_t Of(int64_t a, int64_t b) { return a ^ b; }
};
struct ShiftLeft {
  static int64_t Of(int64_t a, int64_t b) {
    const auto bits = static_cast<uint64_t>(b);
    return bits > 63 ? 0 : static_cast<int64_t>(static_cast<uint64_t>(a) << bits);
  }
};
struct ShiftRight {
  static int64_t Of(int64_t a, int64_t b) {
    const auto bits = static_cast<uint64_t>(b);
    return bits > 63 ? 0 : static_cast<int64_t>(static_cast<uint64_t>(a) >> bits);
  }
};

template <const DTypeSet& kTypes>
Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kTypes));
  INSITU_TRY(RequireSameType(context, 0, 1));
  INSITU_ASSIGN(auto shape, InferBroadcast(context));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

template <class Op>
Status Run(RunContext& context) {
  const TensorView &a = context.inputs[0], &b = context.inputs[1];
  INSITU_ASSIGN(Dims dims, BroadcastDims(context.inputs.first(2)));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, a.dtype, std::move(dims)));
  RunBinaryBlocks<int64_t>(
      a, b, y, [](const int64_t* left, const int64_t* right, int64_t* result, int64_t count) {
        for (int64_t i = 0; i < count; ++i) result[i] = Op::Of(left[i], right[i]);
      });
  return {};
}

Result<bool> ShiftsLeft(const Node& node) {
  const std::string direction = node.Attr<std::string>("direction", "");
  if (direction == "LEFT") return true;
  if (direction == "RIGHT") return false;
  return Fail(ErrorCode::kInvalidModel, "attribute direction is '" + direction + "'",
              "It must be 'LEFT' or 'RIGHT'.");
}

Status InferShift(InferContext& context) {
  INSITU_TRY(Infer<kUnsignedTypes>(context));
  INSITU_TRY(ShiftsLeft(context.node()));
  return {};
}

Status RunShift(RunContext& context) {
  INSITU_ASSIGN(const bool left, ShiftsLeft(context.node));
  return left ? Run<ShiftLeft>(context) : Run<ShiftRight>(context);
}

Status InferNot(InferContext& context) { return InferSame(context, kIntegerTypes); }

Status RunNot(RunContext& context) {
  return RunUnary(context, {}, nullptr, [](int64_t* y, int64_t count, const UnaryParameters&) {
    for (int64_t i = 0; i < count; ++i) y[i] = ~y[i];
  });
}

constexpr int kSince[] = {18};
constexpr int kShiftSince[] = {11};
constexpr AttrSpec kShiftAttributes[] = {{"direction", AttrKind::kString, true}};

constexpr OpDef Define(std::string_view name, std::span<const int> since,
                       Status (*infer)(InferContext&), Status (*run)(RunContext&),
                       std::span<const AttrSpec> attributes = {}, int inputs = 2) {
  return {.name = name,
          .since = since,
          .attributes = attributes,
          .min_inputs = inputs,
          .max_inputs = inputs,
          .infer = infer,
          .run = run,
          .no_lowering = "no backend works on bits",
          .commute = CommuteUnchanged,
          .commute_inputs = CommuteBroadcastInputs};
}

}  // namespace

const OpDef kBitwiseAndOp = Define("BitwiseAnd", kSince, Infer<kIntegerTypes>, Run<And>);
const OpDef kBitwiseOrOp = Define("BitwiseOr", kSince, Infer<kIntegerTypes>, Run<Or>);
const OpDef kBitwiseXorOp = Define("BitwiseXor", kSince, Infer<kIntegerTypes>, Run<Xor>);
const OpDef kBitwiseNotOp = Define("BitwiseNot", kSince, InferNot, RunNot, {}, 1);
const OpDef kBitShiftOp = Define("BitShift", kShiftSince, InferShift, RunShift, kShiftAttributes);

}  // namespace insitu
