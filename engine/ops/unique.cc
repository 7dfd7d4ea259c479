// Unique: the different elements of a tensor, or the different slices along an axis, with the index
// where each occurs first, the place of every element among them, and how often each occurs.
// https://onnx.ai/onnx/operators/onnx__Unique.html (11). Sorted ascending, slices
// lexicographically, or else in the order of first occurrence. NaN is one value, above all others.
#include <algorithm>
#include <functional>
#include <numeric>

#include "ops/axes.h"
#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/widen.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  const Shape* shape = context.shape(0);
  std::optional<Shape> unique = Shape{Dim::Unknown()};
  Dim count;
  if (!context.node().Has("axis")) {
    if (shape) count = Product(*shape);
  } else if (shape) {
    INSITU_ASSIGN(const size_t axis,
                  NormalizeAxis(context.node().Attr<int64_t>("axis", 0), shape->size()));
    unique = *shape;
    count = (*unique)[axis];
    (*unique)[axis] = Dim::Unknown();
  } else {
    unique = std::nullopt;
  }
  context.SetOutput(0, context.dtype(0), std::move(unique));
  context.SetOutput(1, DType::kInt64, Shape{Dim::Unknown()});
  context.SetOutput(2, DType::kInt64, Shape{count});
  context.SetOutput(3, DType::kInt64, Shape{Dim::Unknown()});
  return {};
}

// x as [outer, extent, inner] with `extent` slices to compare.
struct Slices {
  int64_t outer = 1, extent = 1, inner = 1;
  int64_t width() const { return outer * inner; }
};

// Negative, 0 or positive as slice a comes before, with or after slice b.
using CompareSlices = std::function<int(int64_t a, int64_t b)>;

template <class T>
int CompareRows(const T* a, const T* b, int64_t width) {
  for (int64_t i = 0; i < width; ++i) {
    if (a[i] == b[i] || (a[i] != a[i] && b[i] != b[i])) continue;
    return a[i] < b[i] || b[i] != b[i] ? -1 : 1;
  }
  return 0;
}

// `rows` owns what the function reads: the slices one behind the other, in their arithmetic.
Result<CompareSlices> MakeCompare(const TensorView& x, const Slices& slices, Tensor& rows) {
  const int64_t width = slices.width();
  TensorView flat = x;
  flat.dims = {slices.outer, slices.extent, slices.inner};
  if (slices.outer > 1) {
    INSITU_ASSIGN(rows, Tensor::Allocate(x.dtype, {slices.extent, slices.outer, slices.inner}));
    CopyPermuted(flat, std::vector<int64_t>{1, 0, 2}, rows.View());
    flat = rows.View();
  }
  if (x.dtype == DType::kString)
    return [width, strings = flat.strings->data()](int64_t a, int64_t b) {
      return CompareRows(strings + a * width, strings + b * width, width);
    };
  return WithArithmetic(x.dtype, [&]<class T>(T) -> Result<CompareSlices> {
    INSITU_ASSIGN(rows, Widened<T>(flat));
    return [width, data = rows.As<T>().data()](int64_t a, int64_t b) {
      return CompareRows(data + a * width, data + b * width, width);
    };
  });
}

struct Groups {
  Tensor scratch;
  std::span<int64_t> of;      // the group of every slice
  std::span<int64_t> first;   // by group: the slice where it occurs first
  std::span<int64_t> number;  // by group: its place in the output
  std::span<int64_t> size;    // by group
};

Result<Groups> FindGroups(int64_t count, bool sorted, const CompareSlices& compare) {
  Groups groups;
  INSITU_ASSIGN(groups.scratch, Tensor::Allocate(DType::kInt64, {5, count}));
  const auto part = [&, n = static_cast<size_t>(count)](size_t i) {
    return groups.scratch.As<int64_t>().subspan(i * n, n);
  };
  const std::span<int64_t> order = part(0);
  groups.of = part(1);
  groups.first = part(2);
  groups.number = part(3);
  groups.size = part(4);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    const int way = compare(a, b);
    return way != 0 ? way < 0 : a < b;
  });
  size_t found = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || compare(order[i - 1], order[i]) != 0) {
      groups.first[found] = order[i];
      groups.number[found] = static_cast<int64_t>(found);
      groups.size[found++] = 0;
    }
    groups.of[static_cast<size_t>(order[i])] = static_cast<int64_t>(found) - 1;
    ++groups.size[found - 1];
  }
  int64_t next = 0;
  for (size_t i = 0; i < order.size() && !sorted; ++i) {
    const auto group = static_cast<size_t>(groups.of[i]);
    if (groups.first[group] == static_cast<int64_t>(i)) groups.number[group] = next++;
  }
  groups.first = groups.first.first(found);
  return groups;
}

Status StoreIndices(RunContext& context, size_t output, int64_t count, auto&& fill) {
  if (!WantsOutput(context, output)) return {};
  INSITU_ASSIGN(TensorView view, RunOutput(context, output, DType::kInt64, {count}));
  fill(view.As<int64_t>());
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  Slices slices{1, x.elements(), 1};
  Dims dims = {0};
  size_t axis = 0;
  if (context.node.Has("axis")) {
    INSITU_ASSIGN(axis, NormalizeAxis(context.node.Attr<int64_t>("axis", 0), x.dims.size()));
    dims = x.dims;
    slices = {ElementsUnchecked(std::span(dims).first(axis)), dims[axis],
              ElementsUnchecked(std::span(dims).subspan(axis + 1))};
  }
  Tensor rows;
  INSITU_ASSIGN(const CompareSlices compare, MakeCompare(x, slices, rows));
  const bool sorted = context.node.Attr<int64_t>("sorted", 1) != 0;
  INSITU_ASSIGN(const Groups groups, FindGroups(slices.extent, sorted, compare));

  const auto found = static_cast<int64_t>(groups.first.size());
  const auto place = [&](size_t group) { return static_cast<size_t>(groups.number[group]); };
  dims[axis] = found;
  if (WantsOutput(context, 0)) {
    INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
    for (size_t g = 0; g < groups.first.size(); ++g)
      for (int64_t o = 0; o < slices.outer; ++o)
        CopyElements(x, (o * slices.extent + groups.first[g]) * slices.inner, y,
                     (o * found + groups.number[g]) * slices.inner, slices.inner);
  }
  INSITU_TRY(StoreIndices(context, 1, found, [&](std::span<int64_t> indices) {
    for (size_t g = 0; g < indices.size(); ++g) indices[place(g)] = groups.first[g];
  }));
  INSITU_TRY(StoreIndices(context, 2, slices.extent, [&](std::span<int64_t> inverse) {
    for (size_t i = 0; i < inverse.size(); ++i)
      inverse[i] = groups.number[static_cast<size_t>(groups.of[i])];
  }));
  return StoreIndices(context, 3, found, [&](std::span<int64_t> counts) {
    for (size_t g = 0; g < counts.size(); ++g) counts[place(g)] = groups.size[g];
  });
}

constexpr int kSince[] = {11};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt}, {"sorted", AttrKind::kInt}};

}  // namespace

const OpDef kUniqueOp = {
    .name = "Unique",
    .since = kSince,
    .attributes = kAttributes,
    .max_outputs = 4,
    .infer = Infer,
    .run = Run,
    .no_lowering = "its extents depend on the data",
};

}  // namespace insitu
