// Reshape: the same elements under other extents, given by a run-time tensor.
// https://onnx.ai/onnx/operators/onnx__Reshape.html (21).
// 0 copies the extent of the input (unless allowzero), one -1 takes what remains. Symbolic elements
// of the shape (from Shape, Gather, Concat, ...) pass through as dims.
#include "base/limits.h"
#include "ops/reshape_util.h"

namespace insitu {
namespace {

std::unexpected<Error> Invalid(std::string what) {
  return Fail(ErrorCode::kInvalidModel, std::move(what),
              "A Reshape target holds positive extents, 0 to copy one, and at most one -1.");
}

std::unexpected<Error> Mismatch(std::span<const Dim> from, std::span<const Dim> target) {
  return Fail(ErrorCode::kShapeMismatch,
              "a tensor of dims " + ToString(from) + " cannot be reshaped to " + ToString(target));
}

// `from` nullptr: rank unknown.
Result<Shape> Reshaped(const Shape* from, std::span<const Dim> target, bool allow_zero) {
  Shape shape;
  std::optional<size_t> rest;
  bool has_zero = false;
  for (size_t i = 0; i < target.size(); ++i) {
    Dim dim = target[i];
    if (dim.IsKnown() && dim.value() < -1) return Invalid("the target holds " + dim.ToString());
    if (dim == Dim(-1)) {
      if (rest) return Invalid("the target holds -1 twice");
      rest = i;
      dim = Dim(1);
    } else if (dim == Dim(0) && !allow_zero) {
      if (from && i >= from->size())
        return Invalid("the target copies axis " + std::to_string(i) + ", which an input of dims " +
                       ToString(*from) + " has not");
      dim = from ? (*from)[i] : Dim::Unknown();
    } else if (dim == Dim(0)) {
      has_zero = true;
    }
    shape.push_back(std::move(dim));
  }
  if (rest && has_zero) return Invalid("with allowzero, the target holds both 0 and -1");
  const Dim total = from ? Product(*from) : Dim::Unknown(), product = Product(shape);
  if (rest) {
    if (total.IsKnown() && product.IsKnown() &&
        (product.value() == 0 ? total.value() != 0 : total.value() % product.value() != 0))
      return Mismatch(*from, target);
    shape[*rest] = product == Dim(0) ? Dim(0) : FloorDiv(total, product);
  } else if (total.IsKnown() && product.IsKnown() && !(total == product)) {
    return Mismatch(*from, target);
  }
  return shape;
}

bool AllowsZero(const Node& node) { return node.Attr<int64_t>("allowzero", 0) != 0; }

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  SetReshaped(context, std::nullopt);
  if (const Shape* target_shape = context.shape(1); target_shape && target_shape->size() != 1)
    return Fail(ErrorCode::kShapeMismatch, "the target " + context.Describe(1) + " is not 1-D");
  if (const std::vector<Dim>* target = context.elements(1)) {
    INSITU_ASSIGN(Shape shape, Reshaped(context.shape(0), *target, AllowsZero(context.node())));
    SetReshaped(context, std::move(shape));
  } else if (context.shape(1) && context.shape(1)->front().IsKnown()) {
    const int64_t rank = context.shape(1)->front().value();
    if (rank >= 0 && rank <= CurrentLimits().max_rank)
      SetReshaped(context, Shape(static_cast<size_t>(rank)));
  }
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  const Shape from = ToShape(x.dims);
  if (context.inputs[1].elements() > CurrentLimits().max_rank)
    return Invalid("the target has more than " + std::to_string(CurrentLimits().max_rank) +
                   " extents");
  INSITU_ASSIGN(const Shape shape, Reshaped(&from, ToShape(ReadIntegers(context.inputs[1])),
                                            AllowsZero(context.node)));
  const auto dims = KnownDims(shape);
  if (!dims) return Mismatch(from, shape);
  return RunReshaped(context, *dims);
}

constexpr int kSince[] = {1, 5, 13, 14, 19, 21};
constexpr AttrSpec kAttributes[] = {{"allowzero", AttrKind::kInt}};

}  // namespace

const OpDef kReshapeOp = {
    .name = "Reshape",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .lower = LowerReshape,
};

}  // namespace insitu
