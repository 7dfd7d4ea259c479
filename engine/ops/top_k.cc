// TopK: the k largest (or smallest) elements along an axis and their indices, in descending
// (ascending) order. https://onnx.ai/onnx/operators/onnx__TopK.html (11).
// Of equal elements the one of lower index comes first; NaN is above every number. Without `sorted`
// the order is the same.
#include <algorithm>
#include <numeric>

#include "ops/axes.h"
#include "ops/copy.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

Status CheckK(const Dim& k, const Dim& extent) {
  if (!k.IsKnown() || (k.value() >= 0 && (!extent.IsKnown() || k.value() <= extent.value())))
    return {};
  return Fail(ErrorCode::kInvalidArgument,
              "k is " + k.ToString() + ", but the axis has the extent " + extent.ToString());
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kNumericTypes));
  INSITU_TRY(RequireType(context, 1, {DType::kInt64}));
  std::optional<Shape> shape = ShapeOf(context, 0);
  if (shape) {
    INSITU_ASSIGN(const size_t axis,
                  NormalizeAxis(context.node().Attr<int64_t>("axis", -1), shape->size()));
    const std::vector<Dim>* k = context.elements(1);
    const Dim count = k && k->size() == 1 ? k->front() : Dim::Unknown();
    INSITU_TRY(CheckK(count, (*shape)[axis]));
    (*shape)[axis] = count;
  }
  context.SetOutput(0, context.dtype(0), shape);
  context.SetOutput(1, DType::kInt64, std::move(shape));
  return {};
}

template <class T>
bool Less(T a, T b) {
  return a < b || (b != b && a == a);
}

struct Lines {
  int64_t outer, extent, inner, k;
};

template <class T>
Status SelectAs(const TensorView& x, const Lines& lines, bool largest, const TensorView* values,
                int64_t* indices) {
  INSITU_ASSIGN(Tensor line, Tensor::Allocate(kDTypeOf<T>, {lines.extent}));
  INSITU_ASSIGN(Tensor ranking, Tensor::Allocate(DType::kInt64, {lines.extent}));
  T* data = line.As<T>().data();
  const std::span<int64_t> ids = ranking.As<int64_t>();
  const auto before = [&](int64_t a, int64_t b) {
    const T left = largest ? data[b] : data[a], right = largest ? data[a] : data[b];
    return Less(left, right) || (!Less(right, left) && a < b);
  };
  for (int64_t o = 0; o < lines.outer; ++o)
    for (int64_t i = 0; i < lines.inner; ++i) {
      const int64_t from = o * lines.extent * lines.inner + i, to = o * lines.k * lines.inner + i;
      LoadElements(x, from, lines.inner, lines.extent, data);
      std::iota(ids.begin(), ids.end(), 0);
      std::partial_sort(ids.begin(), ids.begin() + lines.k, ids.end(), before);
      for (int64_t j = 0; j < lines.k; ++j) {
        const int64_t id = ids[static_cast<size_t>(j)], at = to + j * lines.inner;
        if (values) CopyElements(x, from + id * lines.inner, *values, at, 1);
        if (indices) indices[at] = id;
      }
    }
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  if (context.inputs[1].elements() != 1)
    return Fail(ErrorCode::kShapeMismatch, "the k of TopK must be one number");
  const std::span<const int64_t> dims = x.dims;
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node.Attr<int64_t>("axis", -1), dims.size()));
  const Lines lines{ElementsUnchecked(dims.first(axis)), dims[axis],
                    ElementsUnchecked(dims.subspan(axis + 1)), LoadInteger(context.inputs[1], 0)};
  INSITU_TRY(CheckK(lines.k, lines.extent));
  Dims chosen = x.dims;
  chosen[axis] = lines.k;
  TensorView values, indices;
  if (WantsOutput(context, 0)) {
    INSITU_ASSIGN(values, RunOutput(context, 0, x.dtype, chosen));
  }
  if (WantsOutput(context, 1)) {
    INSITU_ASSIGN(indices, RunOutput(context, 1, DType::kInt64, chosen));
  }
  const bool largest = context.node.Attr<int64_t>("largest", 1) != 0;
  return WithArithmetic(x.dtype, [&]<class T>(T) {
    return SelectAs<T>(x, lines, largest, WantsOutput(context, 0) ? &values : nullptr,
                       WantsOutput(context, 1) ? indices.As<int64_t>().data() : nullptr);
  });
}

constexpr int kSince[] = {1, 10, 11};
constexpr AttrSpec kAttributes[] = {
    {"axis", AttrKind::kInt}, {"largest", AttrKind::kInt}, {"sorted", AttrKind::kInt}};

}  // namespace

const OpDef kTopKOp = {
    .name = "TopK",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .max_outputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend selects",
};

}  // namespace insitu
