// ReduceMean, ReduceSum, ReduceProd, ReduceMax, ReduceMin, ReduceL1, ReduceL2, ReduceSumSquare,
// ReduceLogSum, ReduceLogSumExp: along the axes of the optional second input, all axes without it
// (or, with noop_with_empty_axes, every element by itself).
// https://onnx.ai/onnx/operators/onnx__ReduceMean.html (18), onnx__ReduceSum.html (13), ...
// Sums are taken in double or int64. Of nothing: sum 0, mean NaN, max and min the type's limits.
#include "ops/reduce_folds.h"

#include <algorithm>

#include "ops/axes.h"
#include "ops/axis_walk.h"
#include "ops/elements.h"
#include "ops/reshape_util.h"

namespace insitu {
namespace {

using reduction::Partial;

// One flag an axis. `axes` nullptr or empty: all, or none with noop_with_empty_axes.
Result<std::vector<bool>> ReducedAxes(const Node& node, const std::vector<int64_t>* axes,
                                      size_t rank) {
  if (!axes || axes->empty())
    return std::vector<bool>(rank, node.Attr<int64_t>("noop_with_empty_axes", 0) == 0);
  INSITU_ASSIGN(const auto normal, NormalizeAxes(*axes, rank));
  std::vector<bool> reduced(rank);
  for (size_t axis : normal) reduced[axis] = true;
  return reduced;
}

template <class T>
std::vector<T> ReducedShape(const std::vector<T>& shape, const std::vector<bool>& reduced,
                            bool keep) {
  std::vector<T> result;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!reduced[i]) result.push_back(shape[i]);
    if (reduced[i] && keep) result.push_back(T(1));
  }
  return result;
}

bool KeepsDims(const Node& node) { return node.Attr<int64_t>("keepdims", 1) != 0; }

// The element of an output of one, as arithmetic on shapes makes it.
template <class Op>
void InferElement(InferContext& context) {
  if constexpr (requires(Dim dim) { Op::OfDims(dim, dim); }) {
    if (!kIndexTypes.Has(context.dtype(0))) return;
    const std::vector<Dim>* elements = context.elements(0);
    if (!elements || elements->empty()) return;
    Dim result = elements->front();
    for (const Dim& element : std::span(*elements).subspan(1)) result = Op::OfDims(result, element);
    context.SetElements(0, {result});
  }
}

// When only the number of axes is known, if that.
std::optional<Shape> ShapeOfUnknownAxes(const InferContext& context, size_t rank) {
  if (KeepsDims(context.node())) return Shape(rank);
  const Shape* axes = context.shape(1);
  if (!axes || axes->size() != 1 || !axes->front().IsKnown()) return std::nullopt;
  const auto count = static_cast<size_t>(axes->front().value());
  if (count == 0 || count > rank) return std::nullopt;
  return Shape(rank - count);
}

template <class Op>
Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, Op::kTypes));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape* shape = context.shape(0);
  const auto axes = context.known_integers(1);
  if (!shape) return {};
  if (context.HasInput(1) && !axes) {
    context.SetOutput(0, context.dtype(0), ShapeOfUnknownAxes(context, shape->size()));
    return {};
  }
  INSITU_ASSIGN(const auto reduced,
                ReducedAxes(context.node(), axes ? &*axes : nullptr, shape->size()));
  Shape result = ReducedShape(*shape, reduced, KeepsDims(context.node()));
  if (std::ranges::all_of(result, [](const Dim& dim) { return dim == Dim(1); }))
    InferElement<Op>(context);
  context.SetOutput(0, context.dtype(0), std::move(result));
  return {};
}

// One reduction in the arithmetic T.
template <class T>
struct Folding {
  T start;
  void (*fold)(Partial<T>& partial, const T* values, int64_t count);
  T (*finish)(const Partial<T>& partial, int64_t count);
};

template <class T>
void ReduceAs(const Folding<T>& folding, const TensorView& x, const TensorView& y,
              const std::vector<bool>& reduced) {
  const std::vector<int64_t> steps = RowMajorSteps(x.dims);
  AxisWalk kept, outer;
  int64_t line = 1, line_step = 1;  // the innermost reduced axis is read in blocks
  for (size_t i = 0; i < x.dims.size(); ++i) {
    if (!reduced[i]) {
      kept.Add(x.dims[i], steps[i]);
      continue;
    }
    if (std::find(reduced.begin() + static_cast<ptrdiff_t>(i) + 1, reduced.end(), true) !=
        reduced.end()) {
      outer.Add(x.dims[i], steps[i]);
    } else {
      line = x.dims[i];
      line_step = steps[i];
    }
  }
  T block[kBlock];
  const int64_t outputs = kept.count(), outers = line == 0 ? 0 : outer.count();
  for (int64_t o = 0; o < outputs; ++o, kept.Advance()) {
    Partial<T> partial{folding.start};
    for (int64_t r = 0; r < outers; ++r, outer.Advance())
      for (int64_t start = 0; start < line; start += kBlock) {
        const int64_t n = std::min(kBlock, line - start);
        LoadElements(x, kept.offset() + outer.offset() + start * line_step, line_step, n, block);
        folding.fold(partial, block, n);
      }
    const T result = folding.finish(partial, outers * line);
    StoreElements(&result, 1, y, o);
  }
}

template <class Op>
Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  std::vector<int64_t> axes;
  if (context.HasInput(1)) {
    if (context.inputs[1].elements() > static_cast<int64_t>(x.dims.size()))
      return Fail(ErrorCode::kInvalidArgument, "more axes are given than the tensor has");
    axes = ReadIntegers(context.inputs[1]);
  }
  INSITU_ASSIGN(const auto reduced, ReducedAxes(context.node, &axes, x.dims.size()));
  INSITU_ASSIGN(
      const TensorView y,
      RunOutput(context, 0, x.dtype, ReducedShape(x.dims, reduced, KeepsDims(context.node))));
  const auto reduce = [&]<class T>(T) {
    ReduceAs<T>({Op::template Start<T>(), Op::Fold, Op::Finish}, x, y, reduced);
  };
  if constexpr (Op::kInDouble)
    reduce(double{});
  else
    WithArithmetic(x.dtype, reduce);
  return {};
}

template <bool kMean>
Lowering Lower(const LowerContext& context) {
  const Shape* shape = context.shape(0);
  if (!shape) return Refuse("the rank is not known");
  if (!IsFloat(context.dtype(0))) return Refuse("backends reduce floats");
  std::vector<int64_t> axes;
  if (context.HasInput(1)) {
    const Tensor* constant = context.constant(1);
    if (!constant) return Refuse("the axes are not constants");
    axes = ReadIntegers(constant->View());
  }
  auto reduced = ReducedAxes(context.node(), &axes, shape->size());
  if (!reduced) return Refuse(reduced.error());
  lowered::Reduce reduce{context.dtype(0), kMean, {}, KeepsDims(context.node())};
  for (size_t i = 0; i < reduced->size(); ++i)
    if ((*reduced)[i]) reduce.axes.push_back(static_cast<int64_t>(i));
  return LoweredNode{std::move(reduce), {0}};
}

std::optional<Attributes> Commute(const Graph&, const Node& node, std::span<const int64_t>) {
  if (!KeepsDims(node)) return std::nullopt;
  return node.attributes;
}

Result<std::vector<ReplacedInput>> CommuteInputs(const Graph& graph, const Node& node,
                                                 std::span<const int64_t> perm) {
  std::vector<ReplacedInput> replaced;
  const Tensor* constant = node.inputs.size() > 1 ? graph.Constant(node.inputs[1]) : nullptr;
  if (!constant) return replaced;
  INSITU_ASSIGN(const auto axes, NormalizeAxes(ReadIntegers(constant->View()), perm.size()));
  std::vector<int64_t> behind;
  for (size_t axis : axes) behind.push_back(AxisBehind(perm, static_cast<int64_t>(axis)));
  INSITU_ASSIGN(Tensor tensor, Tensor::From<int64_t>(constant->dims(), behind));
  replaced.push_back({1, std::move(tensor)});
  return replaced;
}

constexpr int kSumSince[] = {1, 11, 13};
constexpr int kMeanSince[] = {1, 11, 13, 18};
constexpr int kMaxSince[] = {1, 11, 12, 13, 18, 20};
constexpr AttrSpec kAttributes[] = {{"keepdims", AttrKind::kInt},
                                    {"noop_with_empty_axes", AttrKind::kInt}};

template <class Op>
constexpr OpDef Define(std::string_view name, std::span<const int> since,
                       Lowering (*lower)(const LowerContext&)) {
  return {.name = name,
          .since = since,
          .attributes = kAttributes,
          .max_inputs = 2,
          .infer = Infer<Op>,
          .run = Run<Op>,
          .lower = lower,
          .no_lowering = "backends reduce by sum and mean alone",
          .commute = Commute,
          .commute_inputs = CommuteInputs};
}

}  // namespace

const OpDef kReduceSumOp = Define<reduction::Sum>("ReduceSum", kSumSince, Lower<false>);
const OpDef kReduceMeanOp = Define<reduction::Mean>("ReduceMean", kMeanSince, Lower<true>);
const OpDef kReduceMaxOp = Define<reduction::Maximum>("ReduceMax", kMaxSince, nullptr);
const OpDef kReduceMinOp = Define<reduction::Minimum>("ReduceMin", kMaxSince, nullptr);
const OpDef kReduceProdOp = Define<reduction::Product>("ReduceProd", kMeanSince, nullptr);
const OpDef kReduceL1Op = Define<reduction::L1>("ReduceL1", kMeanSince, nullptr);
const OpDef kReduceL2Op = Define<reduction::L2>("ReduceL2", kMeanSince, nullptr);
const OpDef kReduceSumSquareOp =
    Define<reduction::SumSquare>("ReduceSumSquare", kMeanSince, nullptr);
const OpDef kReduceLogSumOp = Define<reduction::LogSum>("ReduceLogSum", kMeanSince, nullptr);
const OpDef kReduceLogSumExpOp =
    Define<reduction::LogSumExp>("ReduceLogSumExp", kMeanSince, nullptr);

}  // namespace insitu
