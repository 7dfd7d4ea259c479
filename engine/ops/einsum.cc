// Einsum: sums of products of operands over labelled axes.
// https://onnx.ai/onnx/operators/onnx__Einsum.html (12); the equation is read in einsum_equation.h.
// Operands are contracted from left to right, two at a time; a label that neither the output nor a
// later operand has is summed as soon as it can be. Integers wrap.
#include <algorithm>
#include <bitset>

#include "ops/axis_walk.h"
#include "ops/copy.h"
#include "ops/einsum_equation.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/sums.h"
#include "ops/widen.h"

namespace insitu {
namespace {

using LabelSet = std::bitset<kEinsumLabels>;

Status Infer(InferContext& context) {
  std::vector<Shape> shapes;
  std::vector<size_t> ranks;
  context.SetOutput(0, context.dtype(0), std::nullopt);
  for (size_t i = 0; i < context.input_count(); ++i) {
    INSITU_TRY(RequireType(context, i, kNumericTypes));
    INSITU_TRY(RequireSameType(context, 0, i));
    if (!context.HasInput(i))
      return Fail(ErrorCode::kInvalidModel, "an operand of Einsum is omitted");
    if (!context.shape(i)) return {};
    shapes.push_back(*context.shape(i));
    ranks.push_back(shapes.back().size());
  }
  INSITU_ASSIGN(const EinsumEquation equation,
                ParseEinsum(context.node().Attr<std::string>("equation", ""), ranks));
  INSITU_ASSIGN(const std::vector<Dim> extents, EinsumExtents(equation, shapes));
  Shape shape;
  for (uint8_t label : equation.output) shape.push_back(extents[label]);
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

LabelSet SetOf(const Labels& labels) {
  LabelSet set;
  for (uint8_t label : labels) set.set(label);
  return set;
}

Labels LabelsIn(const LabelSet& set) {
  Labels labels;
  for (size_t label = 0; label < kEinsumLabels; ++label)
    if (set.test(label)) labels.push_back(static_cast<uint8_t>(label));
  return labels;
}

// Elements in the arithmetic of the call, with the label of every axis.
struct Operand {
  Tensor tensor;
  Labels labels;
};

// The distance of elements whose index differs by one in `label`; the diagonal where two axes have
// it, 0 where the operand broadcasts.
int64_t StepOf(const Operand& operand, uint8_t label) {
  const std::vector<int64_t> steps = RowMajorSteps(operand.tensor.dims());
  int64_t step = 0;
  for (size_t axis = 0; axis < steps.size(); ++axis)
    if (operand.labels[axis] == label && operand.tensor.dims()[axis] != 1) step += steps[axis];
  return step;
}

Dims DimsOf(const Labels& labels, const Dims& extents) {
  Dims dims;
  for (uint8_t label : labels) dims.push_back(extents[label]);
  return dims;
}

// to[output] = sum over all other labels of a * b.
template <class T>
void Contract(const Operand& a, const Operand& b, const Labels& output, const Dims& extents,
              T* to) {
  AxisWalk a_kept, b_kept, a_summed, b_summed;
  for (uint8_t label : output) {
    a_kept.Add(extents[label], StepOf(a, label));
    b_kept.Add(extents[label], StepOf(b, label));
  }
  Labels summed = LabelsIn((SetOf(a.labels) | SetOf(b.labels)) & ~SetOf(output));
  int64_t line = 1, a_step = 0, b_step = 0;  // one summed label is the innermost loop
  if (!summed.empty()) {
    line = extents[summed.back()];
    a_step = StepOf(a, summed.back());
    b_step = StepOf(b, summed.back());
    summed.pop_back();
  }
  for (uint8_t label : summed) {
    a_summed.Add(extents[label], StepOf(a, label));
    b_summed.Add(extents[label], StepOf(b, label));
  }
  const T *a_data = a.tensor.As<T>().data(), *b_data = b.tensor.As<T>().data();
  const int64_t outputs = a_kept.count(), lines = line == 0 ? 0 : a_summed.count();
  for (int64_t o = 0; o < outputs; ++o, a_kept.Advance(), b_kept.Advance()) {
    T sum = 0;
    for (int64_t r = 0; r < lines; ++r, a_summed.Advance(), b_summed.Advance()) {
      const T* left = a_data + a_kept.offset() + a_summed.offset();
      const T* right = b_data + b_kept.offset() + b_summed.offset();
      for (int64_t i = 0; i < line; ++i) AddProduct(sum, left[i * a_step], right[i * b_step]);
    }
    to[o] = sum;
  }
}

template <class T>
Result<Operand> Contracted(const Operand& a, const Operand& b, Labels output, const Dims& extents) {
  INSITU_ASSIGN(Tensor result, Tensor::Allocate(kDTypeOf<T>, DimsOf(output, extents)));
  Contract<T>(a, b, output, extents, result.As<T>().data());
  return Operand{std::move(result), std::move(output)};
}

// The operand after summing the labels that are not `needed`.
template <class T>
Result<Operand> Reduced(Operand operand, const Operand& one, const LabelSet& needed,
                        const Dims& extents) {
  const LabelSet own = SetOf(operand.labels);
  if ((own & ~needed).none()) return operand;
  // Labels along which it broadcasts must be summed over their full extent, with all others.
  for (size_t axis = 0; axis < operand.labels.size(); ++axis)
    if (operand.tensor.dims()[axis] != extents[operand.labels[axis]]) return operand;
  return Contracted<T>(operand, one, LabelsIn(own & needed), extents);
}

template <class T>
Status RunAs(std::span<const TensorView> inputs, const EinsumEquation& equation,
             const Dims& extents, const TensorView& y) {
  INSITU_ASSIGN(Tensor unit, Tensor::Allocate(kDTypeOf<T>, {}));
  unit.As<T>()[0] = 1;
  const Operand one{std::move(unit), {}};
  Operand result = one;
  for (size_t i = 0; i < inputs.size(); ++i) {
    INSITU_ASSIGN(Tensor wide, Widened<T>(inputs[i]));
    Operand next{std::move(wide), equation.operands[i]};
    LabelSet needed = SetOf(equation.output);
    for (size_t later = i + 1; later < inputs.size(); ++later)
      needed |= SetOf(equation.operands[later]);
    INSITU_ASSIGN(next, Reduced<T>(std::move(next), one, needed | SetOf(result.labels), extents));
    INSITU_ASSIGN(result, Reduced<T>(std::move(result), one, needed | SetOf(next.labels), extents));
    Labels kept = LabelsIn((SetOf(result.labels) | SetOf(next.labels)) & needed);
    if (i + 1 == inputs.size()) kept = equation.output;
    INSITU_ASSIGN(result, Contracted<T>(result, next, std::move(kept), extents));
  }
  StoreElements(result.tensor.As<T>().data(), y.elements(), y, 0);
  return {};
}

Status Run(RunContext& context) {
  std::vector<Shape> shapes;
  std::vector<size_t> ranks;
  for (const TensorView& input : context.inputs) {
    shapes.push_back(ToShape(input.dims));
    ranks.push_back(input.dims.size());
  }
  INSITU_ASSIGN(const EinsumEquation equation,
                ParseEinsum(context.node.Attr<std::string>("equation", ""), ranks));
  INSITU_ASSIGN(const std::vector<Dim> shape, EinsumExtents(equation, shapes));
  const Dims extents = *KnownDims(shape);
  const DType dtype = context.inputs[0].dtype;
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, dtype, DimsOf(equation.output, extents)));
  return WithArithmetic(dtype,
                        [&]<class T>(T) { return RunAs<T>(context.inputs, equation, extents, y); });
}

constexpr int kSince[] = {12};
constexpr AttrSpec kAttributes[] = {{"equation", AttrKind::kString, true}};

}  // namespace

const OpDef kEinsumOp = {
    .name = "Einsum",
    .since = kSince,
    .attributes = kAttributes,
    .max_inputs = -1,
    .infer = Infer,
    .run = Run,
};

}  // namespace insitu
