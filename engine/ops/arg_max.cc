// ArgMax and ArgMin: the index of the extreme element along one axis, as int64.
// https://onnx.ai/onnx/operators/onnx__ArgMax.html (13). Of equal elements the first counts, the
// last with select_last_index; a NaN counts as the extreme, as in numpy.
#include "ops/axes.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

template <class T>
std::vector<T> ReducedShape(std::vector<T> shape, size_t axis, const Node& node) {
  if (node.Attr<int64_t>("keepdims", 1) != 0)
    shape[axis] = T(1);
  else
    shape.erase(shape.begin() + static_cast<ptrdiff_t>(axis));
  return shape;
}

Status RefuseEmpty() {
  return Fail(ErrorCode::kShapeMismatch, "an axis of extent 0 has no extreme element");
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kNumericTypes));
  context.SetOutput(0, DType::kInt64, std::nullopt);
  const Shape* shape = context.shape(0);
  if (!shape) return {};
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node().Attr<int64_t>("axis", 0), shape->size()));
  if ((*shape)[axis] == Dim(0)) return RefuseEmpty();
  context.SetOutput(0, DType::kInt64, ReducedShape(*shape, axis, context.node()));
  return {};
}

template <class T, bool kMax>
int64_t ExtremeIndex(const TensorView& x, int64_t offset, int64_t step, int64_t count, bool last) {
  int64_t index = 0;
  T block[kBlock], extreme{};
  for (int64_t start = 0; start < count; start += kBlock) {
    const int64_t n = std::min(kBlock, count - start);
    LoadElements(x, offset + start * step, step, n, block);
    for (int64_t i = 0; i < n; ++i) {
      const T value = block[i];
      const bool beats = kMax ? value > extreme : value < extreme;
      const bool nan_beats = value != value && extreme == extreme;
      const bool equal = value == extreme || (value != value && extreme != extreme);
      if (start + i != 0 && !beats && !nan_beats && !(last && equal)) continue;
      extreme = value;
      index = start + i;
    }
  }
  return index;
}

template <bool kMax>
Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node.Attr<int64_t>("axis", 0), x.dims.size()));
  if (x.dims[axis] == 0) return RefuseEmpty();
  INSITU_ASSIGN(TensorView y,
                RunOutput(context, 0, DType::kInt64, ReducedShape(x.dims, axis, context.node)));
  const bool last = context.node.Attr<int64_t>("select_last_index", 0) != 0;
  const std::span<const int64_t> dims = x.dims;
  const int64_t outer = ElementsUnchecked(dims.first(axis)), count = dims[axis],
                inner = ElementsUnchecked(dims.subspan(axis + 1));
  WithArithmetic(x.dtype, [&]<class T>(T) {
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t i = 0; i < inner; ++i)
        y.As<int64_t>()[static_cast<size_t>(o * inner + i)] =
            ExtremeIndex<T, kMax>(x, o * count * inner + i, inner, count, last);
  });
  return {};
}

std::optional<Attributes> Commute(const Graph&, const Node& node, std::span<const int64_t> perm) {
  if (node.Attr<int64_t>("keepdims", 1) == 0) return std::nullopt;
  return CommuteAxis(node, perm, 0);
}

constexpr int kSince[] = {1, 11, 12, 13};
constexpr AttrSpec kAttributes[] = {
    {"axis", AttrKind::kInt}, {"keepdims", AttrKind::kInt}, {"select_last_index", AttrKind::kInt}};

constexpr OpDef Define(std::string_view name, Status (*run)(RunContext&)) {
  return {.name = name,
          .since = kSince,
          .attributes = kAttributes,
          .infer = Infer,
          .run = run,
          .no_lowering = "no backend gives indices",
          .commute = Commute};
}

}  // namespace

const OpDef kArgMaxOp = Define("ArgMax", Run<true>);
const OpDef kArgMinOp = Define("ArgMin", Run<false>);

}  // namespace insitu
