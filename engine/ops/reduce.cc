// ReduceMean, ReduceSum, ReduceMax, ReduceMin: along the axes of the optional second input, all
// axes without it (or none, with noop_with_empty_axes).
// https://onnx.ai/onnx/operators/onnx__ReduceMean.html (18), onnx__ReduceSum.html (13), ...
// Sums are taken in double or int64. Of nothing: sum 0, mean NaN, max and min the type's limits.
#include <algorithm>
#include <limits>

#include "ops/axes.h"
#include "ops/axis_walk.h"
#include "ops/elements.h"
#include "ops/reshape_util.h"

namespace insitu {
namespace {

template <class T>
constexpr T kLowest = std::is_floating_point_v<T> ? -std::numeric_limits<T>::infinity()
                                                  : std::numeric_limits<T>::min();
template <class T>
constexpr T kHighest = std::is_floating_point_v<T> ? std::numeric_limits<T>::infinity()
                                                   : std::numeric_limits<T>::max();

struct Sum {
  static constexpr DTypeSet kTypes = kFloatTypes | kIntegerTypes;
  template <class T>
  static T Start() { return 0; }
  template <class T>
  static T Of(T sum, T value) {
    if constexpr (std::is_same_v<T, int64_t>)
      return static_cast<T>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(value));
    return sum + value;
  }
};
struct Mean : Sum {};
struct Maximum {
  static constexpr DTypeSet kTypes = kNumericTypes | kBoolType;
  template <class T>
  static T Start() { return kLowest<T>; }
  template <class T>
  static T Of(T most, T value) { return most != most || most > value ? most : value; }
};
struct Minimum {
  static constexpr DTypeSet kTypes = kNumericTypes | kBoolType;
  template <class T>
  static T Start() { return kHighest<T>; }
  template <class T>
  static T Of(T least, T value) { return least != least || least < value ? least : value; }
};

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

template <class Op>
Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, Op::kTypes));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape* shape = context.shape(0);
  const auto axes = context.known_integers(1);
  if (!shape || (context.HasInput(1) && !axes)) return {};
  INSITU_ASSIGN(const auto reduced,
                ReducedAxes(context.node(), axes ? &*axes : nullptr, shape->size()));
  context.SetOutput(0, context.dtype(0), ReducedShape(*shape, reduced, KeepsDims(context.node())));
  return {};
}

template <class Op, class T>
void ReduceAs(const TensorView& x, const TensorView& y, const std::vector<bool>& reduced) {
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
  const int64_t outputs = kept.count(), outers = outer.count();
  for (int64_t o = 0; o < outputs; ++o, kept.Advance()) {
    T result = Op::template Start<T>();
    for (int64_t r = 0; r < outers; ++r, outer.Advance())
      for (int64_t start = 0; start < line; start += kBlock) {
        const int64_t n = std::min(kBlock, line - start);
        LoadElements(x, kept.offset() + outer.offset() + start * line_step, line_step, n, block);
        for (int64_t i = 0; i < n; ++i) result = Op::Of(result, block[i]);
      }
    if constexpr (std::is_same_v<Op, Mean>)
      if (std::is_same_v<T, double> || outers * line > 0)
        result = result / static_cast<T>(outers * line);
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
  INSITU_ASSIGN(const TensorView y,
                RunOutput(context, 0, x.dtype,
                          ReducedShape(x.dims, reduced, KeepsDims(context.node))));
  WithArithmetic(x.dtype, [&]<class T>(T) { ReduceAs<Op, T>(x, y, reduced); });
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
  if (!reduced) return Refuse(reduced.error().message);
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

const OpDef kReduceSumOp = Define<Sum>("ReduceSum", kSumSince, Lower<false>);
const OpDef kReduceMeanOp = Define<Mean>("ReduceMean", kMeanSince, Lower<true>);
const OpDef kReduceMaxOp = Define<Maximum>("ReduceMax", kMaxSince, nullptr);
const OpDef kReduceMinOp = Define<Minimum>("ReduceMin", kMaxSince, nullptr);

}  // namespace insitu
