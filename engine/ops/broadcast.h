// Numpy broadcasting: shapes, and the loop over rows that reference kernels of elementwise
// operators share. https://onnx.ai/onnx/repo-docs/Broadcasting.html
// Invariant: a symbolic extent that meets a number above 1 gives the number; two different symbolic
// extents give an unknown one; two different numbers, neither 1, are a ShapeMismatch.
#pragma once

#include <span>
#include <vector>

#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/op_def.h"

namespace insitu {

// Widens `shape` by `other`; false when they do not broadcast.
bool Widen(Shape& shape, std::span<const Dim> other);
// The common shape of all inputs from `first` on; nullopt when the rank of one is unknown.
Result<std::optional<Shape>> InferBroadcast(const InferContext& context, size_t first = 0);
// The same for the extents of a run.
Result<Dims> BroadcastDims(std::span<const TensorView> inputs);
// The common shape of two; nullopt when they do not broadcast.
std::optional<Shape> BroadcastShape(std::span<const Dim> a, std::span<const Dim> b);
// Whether `from` broadcasts to `to` without changing it, as far as is certain.
bool BroadcastsTo(std::span<const Dim> from, std::span<const Dim> to);

// A part of one innermost row: `count` consecutive output elements from `output` on; input k has
// its elements at inputs[k], inputs[k] + strides[k], ... with strides 0 or 1.
struct BroadcastRow {
  int64_t output = 0, count = 0;
  std::vector<int64_t> inputs, strides;
};

// Walks the output in order, in rows that are as long as the operands allow.
class BroadcastLoop {
 public:
  BroadcastLoop(const Dims& output, std::span<const TensorView> inputs);
  // Moves to the next row of at most `max_count` elements; false at the end.
  bool Next(int64_t max_count);
  const BroadcastRow& row() const { return row_; }

 private:
  struct Axis {
    int64_t extent = 1;
    std::vector<int64_t> strides;  // of every input
  };
  std::vector<Axis> axes_;  // without extents of 1, neighbours merged where possible
  std::vector<int64_t> index_;
  BroadcastRow row_;
  bool done_ = false;
};

// y[i] = f(a[i], b[i]) in blocks. T is the arithmetic of the inputs; y has any type.
template <class T>
using BinaryBlock = void (*)(const T* a, const T* b, T* y, int64_t count);
template <class T>
void RunBinaryBlocks(const TensorView& a, const TensorView& b, const TensorView& y,
                     BinaryBlock<T> block);

// Output 0 of a two-input operator: Op::Of(a, b) of equal types computes one element.
template <class Op>
Result<TensorView> RunBinary(RunContext& context, DType output) {
  const TensorView &a = context.inputs[0], &b = context.inputs[1];
  INSITU_ASSIGN(Dims dims, BroadcastDims(context.inputs.first(2)));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, output, std::move(dims)));
  WithArithmetic(a.dtype, [&]<class T>(T) {
    RunBinaryBlocks<T>(a, b, y, [](const T* left, const T* right, T* result, int64_t count) {
      for (int64_t i = 0; i < count; ++i) result[i] = static_cast<T>(Op::Of(left[i], right[i]));
    });
  });
  return y;
}

// commute_inputs of elementwise operators: constants of lower rank, padded with ones in front and
// permuted.
Result<std::vector<ReplacedInput>> CommuteBroadcastInputs(const Graph& graph, const Node& node,
                                                          std::span<const int64_t> perm);

}  // namespace insitu
