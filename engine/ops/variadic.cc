// Min, Max, Sum, Mean of one or more tensors, elementwise with numpy broadcasting.
// https://onnx.ai/onnx/operators/onnx__Max.html (13) and its neighbours.
// A NaN among the inputs gives NaN, as in numpy. Mean divides the double sum once.
#include <algorithm>

#include "ops/broadcast.h"
#include "ops/ops.h"

namespace insitu {
namespace {

struct Minimum {
  static constexpr DTypeSet kTypes = kNumericTypes;
  template <class T>
  static T Of(T a, T b) {
    return a != a || a < b ? a : b;
  }
  static Dim OfDims(const Dim& a, const Dim& b) { return Min(a, b); }
};
struct Maximum {
  static constexpr DTypeSet kTypes = kNumericTypes;
  template <class T>
  static T Of(T a, T b) {
    return a != a || a > b ? a : b;
  }
  static Dim OfDims(const Dim& a, const Dim& b) { return Max(a, b); }
};
struct Sum {
  static constexpr DTypeSet kTypes = kFloatTypes;
  template <class T>
  static T Of(T a, T b) {
    return a + b;
  }
};
struct Mean : Sum {};

// Known elements of integer scalars and vectors.
template <class Op>
void InferElements(InferContext& context) {
  if constexpr (requires(Dim dim) { Op::OfDims(dim, dim); }) {
    std::vector<Dim> result;
    for (size_t i = 0; i < context.input_count(); ++i) {
      const Shape* shape = context.shape(i);
      if (!kIndexTypes.Has(context.dtype(i)) || !shape || shape->size() > 1) return;
      const std::vector<Dim>* elements = context.elements(i);
      if (!elements || elements->empty()) return;
      if (i == 0) result = *elements;
      const size_t count = elements->size();
      if (result.size() == 1) result.assign(count, Dim(result.front()));
      if (count != 1 && count != result.size()) return;
      for (size_t j = 0; j < result.size(); ++j)
        result[j] = Op::OfDims(result[j], (*elements)[count == 1 ? 0 : j]);
    }
    context.SetElements(0, std::move(result));
  }
}

template <class Op>
Status Infer(InferContext& context) {
  for (size_t i = 0; i < context.input_count(); ++i) {
    INSITU_TRY(RequireType(context, i, Op::kTypes));
    INSITU_TRY(RequireSameType(context, 0, i));
  }
  INSITU_ASSIGN(auto shape, InferBroadcast(context));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  InferElements<Op>(context);
  return {};
}

template <class Op>
Status Run(RunContext& context) {
  const std::span<const TensorView> inputs = context.inputs;
  INSITU_ASSIGN(Dims dims, BroadcastDims(inputs));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, inputs[0].dtype, std::move(dims)));
  WithArithmetic(y.dtype, [&]<class T>(T) {
    T result[kBlock], operand[kBlock];
    BroadcastLoop loop(y.dims, inputs);
    while (loop.Next(kBlock)) {
      const BroadcastRow& row = loop.row();
      LoadElements(inputs[0], row.inputs[0], row.strides[0], row.count, result);
      for (size_t k = 1; k < inputs.size(); ++k) {
        LoadElements(inputs[k], row.inputs[k], row.strides[k], row.count, operand);
        for (int64_t i = 0; i < row.count; ++i) result[i] = Op::Of(result[i], operand[i]);
      }
      if constexpr (std::is_same_v<Op, Mean>)
        for (int64_t i = 0; i < row.count; ++i) result[i] /= static_cast<T>(inputs.size());
      StoreElements(result, row.count, y, row.output);
    }
  });
  return {};
}

template <lowered::BinaryKind kKind>
Lowering Lower(const LowerContext& context) {
  const size_t count = context.node().inputs.size();
  if (count == 1)
    return LoweredNode{
        lowered::Unary{
            .kind = lowered::UnaryKind::kCopy, .dtype = context.dtype(0), .alpha = 0, .clamp = {}},
        {0}};
  if (count > 2) return Refuse("backends combine two operands, this node has more");
  return LoweredNode{
      lowered::Binary{
          .kind = kKind, .dtype = context.dtype(0), .a = {}, .b = {}, .y = {}, .clamp = {}},
      {0, 1}};
}

constexpr int kMinSince[] = {1, 6, 8, 12, 13};
constexpr int kSumSince[] = {1, 6, 8, 13};

template <class Op>
constexpr OpDef Define(std::string_view name, std::span<const int> since,
                       Lowering (*lower)(const LowerContext&)) {
  return {.name = name,
          .since = since,
          .max_inputs = -1,
          .infer = Infer<Op>,
          .run = Run<Op>,
          .lower = lower,
          .no_lowering = "no backend averages operands",
          .commute = CommuteUnchanged,
          .commute_inputs = CommuteBroadcastInputs};
}

}  // namespace

const OpDef kMinOp = Define<Minimum>("Min", kMinSince, Lower<lowered::BinaryKind::kMin>);
const OpDef kMaxOp = Define<Maximum>("Max", kMinSince, Lower<lowered::BinaryKind::kMax>);
const OpDef kSumOp = Define<Sum>("Sum", kSumSince, Lower<lowered::BinaryKind::kAdd>);
const OpDef kMeanOp = Define<Mean>("Mean", kSumSince, nullptr);

}  // namespace insitu
