// NonZero: the indices of all elements that are not zero, as a tensor [rank, count] with one column
// an element, in row-major order. https://onnx.ai/onnx/operators/onnx__NonZero.html (13).
// The count depends on the data. A scalar gives [0, count].
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kNumericTypes | kBoolType));
  const Shape* shape = context.shape(0);
  Shape result = {shape ? Dim(static_cast<int64_t>(shape->size())) : Dim::Unknown(),
                  Dim::Unknown()};
  const auto known = context.known_integers(0);
  if (known && shape && shape->size() == 1) {
    std::vector<Dim> indices;
    for (size_t i = 0; i < known->size(); ++i)
      if ((*known)[i] != 0) indices.push_back(static_cast<int64_t>(i));
    result[1] = static_cast<int64_t>(indices.size());
    context.SetElements(0, std::move(indices));
  }
  context.SetOutput(0, DType::kInt64, std::move(result));
  return {};
}

// Calls visit(i) for every element that is not zero.
template <class Visit>
void ForEachNonZero(const TensorView& x, Visit&& visit) {
  double block[kBlock];  // no integer but zero becomes zero
  const int64_t count = x.elements();
  for (int64_t start = 0; start < count; start += kBlock) {
    const int64_t n = std::min(kBlock, count - start);
    LoadElements(x, start, 1, n, block);
    for (int64_t i = 0; i < n; ++i)
      if (block[i] != 0) visit(start + i);
  }
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  const auto rank = static_cast<int64_t>(x.dims.size());
  int64_t count = 0;
  ForEachNonZero(x, [&](int64_t) { ++count; });
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, DType::kInt64, {rank, count}));
  int64_t* column = y.As<int64_t>().data();
  ForEachNonZero(x, [&](int64_t i) {
    for (int64_t axis = rank; axis-- > 0;) {
      const int64_t extent = x.dims[static_cast<size_t>(axis)];
      column[axis * count] = i % extent;
      i /= extent;
    }
    ++column;
  });
  return {};
}

constexpr int kSince[] = {9, 13};

}  // namespace

const OpDef kNonZeroOp = {
    .name = "NonZero",
    .since = kSince,
    .infer = Infer,
    .run = Run,
    .no_lowering = "its extents depend on the data",
};

}  // namespace insitu
