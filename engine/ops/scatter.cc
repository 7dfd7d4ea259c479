// ScatterElements and ScatterND: the data with some elements, or slices, replaced by updates or
// combined with them (reduction add, mul, min, max).
// https://onnx.ai/onnx/operators/onnx__ScatterElements.html (18), onnx__ScatterND.html (18).
// Updates are applied in their order, so of several for one place the last counts without a
// reduction. Every step of a reduction is rounded to the element type.
#include <type_traits>

#include "ops/axes.h"
#include "ops/indices.h"
#include "ops/ops.h"
#include "ops/sums.h"

namespace insitu {
namespace {

enum class Reduction : uint8_t { kNone, kAdd, kMul, kMin, kMax };

Result<Reduction> ReductionOf(const Node& node) {
  const std::string name = node.Attr<std::string>("reduction", "none");
  if (name == "none") return Reduction::kNone;
  if (name == "add") return Reduction::kAdd;
  if (name == "mul") return Reduction::kMul;
  if (name == "min") return Reduction::kMin;
  if (name == "max") return Reduction::kMax;
  return Fail(ErrorCode::kInvalidModel, "reduction '" + name + "' of " + node.op + " is unknown",
              "It must be none, add, mul, min or max.");
}

template <class T>
T Combine(Reduction reduction, T a, T b) {
  T product{};
  switch (reduction) {
    case Reduction::kAdd:
      AddProduct(a, b, T{1});
      return a;
    case Reduction::kMul:
      if constexpr (std::is_floating_point_v<T>) return a * b;
      AddProduct(product, a, b);
      return product;
    case Reduction::kMin:
      return a != a || a < b ? a : b;
    case Reduction::kMax:
      return a != a || a > b ? a : b;
    default:
      return b;
  }
}

// `count` elements of y from `to` on, combined with those of `updates` from `from` on.
void Apply(Reduction reduction, const TensorView& updates, int64_t from, const TensorView& y,
           int64_t to, int64_t count) {
  if (reduction == Reduction::kNone) return CopyElements(updates, from, y, to, count);
  WithArithmetic(y.dtype, [&]<class T>(T) {
    T old[kBlock], update[kBlock];
    for (int64_t start = 0; start < count; start += kBlock) {
      const int64_t n = std::min(kBlock, count - start);
      LoadElements(y, to + start, 1, n, old);
      LoadElements(updates, from + start, 1, n, update);
      for (int64_t i = 0; i < n; ++i) old[i] = Combine(reduction, old[i], update[i]);
      StoreElements(old, n, y, to + start);
    }
  });
}

Status CheckUpdates(const Shape& updates, const Shape& wanted) {
  bool same = updates.size() == wanted.size();
  for (size_t i = 0; same && i < wanted.size(); ++i) same = !Differ(updates[i], wanted[i]);
  if (same) return {};
  return Fail(ErrorCode::kShapeMismatch, "the updates have shape " + ToString(updates) +
                                             ", but the indices need " + ToString(wanted));
}

Status CheckElements(const Node& node, const Shape& data, const Shape& indices,
                     const Shape& updates) {
  INSITU_ASSIGN(const size_t axis, NormalizeAxis(node.Attr<int64_t>("axis", 0), data.size()));
  INSITU_TRY(CheckElementIndices(data, indices, axis));
  return CheckUpdates(updates, indices);
}

Status CheckSlices(const Node&, const Shape& data, const Shape& indices, const Shape& updates) {
  INSITU_TRY(CheckTupleIndices(data, indices, 0));
  Shape wanted(indices.begin(), indices.end() - 1);
  wanted.insert(wanted.end(), data.begin() + indices.back().value(), data.end());
  return CheckUpdates(updates, wanted);
}

using CheckShapes = Status (*)(const Node&, const Shape&, const Shape&, const Shape&);

template <CheckShapes kCheck>
Status Infer(InferContext& context) {
  INSITU_ASSIGN(const Reduction reduction, ReductionOf(context.node()));
  const bool copies = reduction == Reduction::kNone;
  INSITU_TRY(RequireType(context, 0, copies ? kAllTypes : kNumericTypes | kBoolType));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  INSITU_TRY(RequireSameType(context, 0, 2));
  context.SetOutput(0, context.dtype(0), ShapeOf(context, 0));
  const Shape *data = context.shape(0), *indices = context.shape(1), *updates = context.shape(2);
  if (!data || !indices || !updates) return {};
  if (kCheck == CheckSlices && !indices->empty() && !indices->back().IsKnown()) return {};
  return kCheck(context.node(), *data, *indices, *updates);
}

template <CheckShapes kCheck>
Status Run(RunContext& context) {
  const TensorView &data = context.inputs[0], &indices = context.inputs[1],
                   &updates = context.inputs[2];
  INSITU_ASSIGN(const Reduction reduction, ReductionOf(context.node));
  INSITU_TRY(
      kCheck(context.node, ToShape(data.dims), ToShape(indices.dims), ToShape(updates.dims)));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, data.dtype, data.dims));
  CopyElements(data, 0, y, 0, data.elements());
  if constexpr (kCheck == CheckSlices)
    return ForEachIndexedSlice(data, indices, 0, [&](int64_t t, int64_t offset, int64_t count) {
      Apply(reduction, updates, t * count, y, offset, count);
    });
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node.Attr<int64_t>("axis", 0), data.dims.size()));
  return ForEachIndexedElement(data, indices, axis, [&](int64_t i, int64_t offset) {
    Apply(reduction, updates, i, y, offset, 1);
  });
}

constexpr int kSince[] = {11, 13, 16, 18};
constexpr AttrSpec kElementsAttributes[] = {{"axis", AttrKind::kInt},
                                            {"reduction", AttrKind::kString}};
constexpr AttrSpec kSlicesAttributes[] = {{"reduction", AttrKind::kString}};

template <CheckShapes kCheck>
constexpr OpDef Define(std::string_view name, std::span<const AttrSpec> attributes) {
  return {.name = name,
          .since = kSince,
          .attributes = attributes,
          .min_inputs = 3,
          .max_inputs = 3,
          .infer = Infer<kCheck>,
          .run = Run<kCheck>,
          .no_lowering = "no backend scatters"};
}

}  // namespace

const OpDef kScatterElementsOp = Define<CheckElements>("ScatterElements", kElementsAttributes);
const OpDef kScatterNDOp = Define<CheckSlices>("ScatterND", kSlicesAttributes);

}  // namespace insitu
