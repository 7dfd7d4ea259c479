// And, Or, Xor with numpy broadcasting, and Not: boolean algebra.
// https://onnx.ai/onnx/operators/onnx__And.html (7), onnx__Not.html (1).
// A bool is true when its byte is not zero; results are 0 or 1.
#include "ops/broadcast.h"
#include "ops/ops.h"

namespace insitu {
namespace {

struct And {
  template <class T>
  static bool Of(T a, T b) {
    return a != 0 && b != 0;
  }
};
struct Or {
  template <class T>
  static bool Of(T a, T b) {
    return a != 0 || b != 0;
  }
};
struct Xor {
  template <class T>
  static bool Of(T a, T b) {
    return (a != 0) != (b != 0);
  }
};

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kBoolType));
  INSITU_TRY(RequireType(context, 1, kBoolType));
  INSITU_ASSIGN(auto shape, InferBroadcast(context));
  context.SetOutput(0, DType::kBool, std::move(shape));
  return {};
}

template <class Op>
Status Run(RunContext& context) {
  INSITU_TRY(RunBinary<Op>(context, DType::kBool));
  return {};
}

Status InferNot(InferContext& context) { return InferSame(context, kBoolType); }

Status RunNot(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, DType::kBool, x.dims));
  const int64_t count = x.elements();
  for (int64_t i = 0; i < count; ++i) y.data[i] = static_cast<std::byte>(x.data[i] == std::byte{0});
  return {};
}

constexpr int kSince[] = {1, 7};
constexpr int kNotSince[] = {1};

template <class Op>
constexpr OpDef Define(std::string_view name) {
  return {.name = name,
          .since = kSince,
          .min_inputs = 2,
          .max_inputs = 2,
          .infer = Infer,
          .run = Run<Op>,
          .no_lowering = "no backend has boolean algebra",
          .commute = CommuteUnchanged,
          .commute_inputs = CommuteBroadcastInputs};
}

}  // namespace

const OpDef kAndOp = Define<And>("And");
const OpDef kOrOp = Define<Or>("Or");
const OpDef kXorOp = Define<Xor>("Xor");
const OpDef kNotOp = {
    .name = "Not",
    .since = kNotSince,
    .infer = InferNot,
    .run = RunNot,
    .no_lowering = "no backend has boolean algebra",
    .commute = CommuteUnchanged,
};

}  // namespace insitu
