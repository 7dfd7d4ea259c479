// Broadcasting of shapes and the row loop.
#include "ops/broadcast.h"

#include <algorithm>

#include "ops/copy.h"
#include "ops/elements.h"

namespace insitu {
namespace {

// The common extent, or nullopt when there is none.
std::optional<Dim> BroadcastDim(const Dim& a, const Dim& b) {
  if (a == b) return a;
  if (a.IsKnown() && a.value() == 1) return b;
  if (b.IsKnown() && b.value() == 1) return a;
  if (a.IsKnown() && b.IsKnown()) return std::nullopt;
  if (a.IsKnown() && a.value() > 1) return a;
  if (b.IsKnown() && b.value() > 1) return b;
  return Dim::Unknown();
}

}  // namespace

bool Widen(Shape& shape, std::span<const Dim> other) {
  if (shape.size() < other.size()) shape.insert(shape.begin(), other.size() - shape.size(), Dim(1));
  const size_t offset = shape.size() - other.size();
  for (size_t i = 0; i < other.size(); ++i) {
    auto dim = BroadcastDim(shape[offset + i], other[i]);
    if (!dim) return false;
    shape[offset + i] = *dim;
  }
  return true;
}

Result<std::optional<Shape>> InferBroadcast(const InferContext& context, size_t first) {
  Shape shape;
  for (size_t i = first; i < context.input_count(); ++i) {
    if (!context.HasInput(i)) continue;
    if (!context.shape(i)) return std::nullopt;
    if (Widen(shape, *context.shape(i))) continue;
    std::string names;
    for (size_t j = first; j < context.input_count(); ++j)
      if (context.HasInput(j)) names += (names.empty() ? "" : " and ") + context.Describe(j);
    return Fail(ErrorCode::kShapeMismatch, names + " do not broadcast",
                "Extents must be equal or 1, counted from the last axis.");
  }
  return shape;
}

Result<Dims> BroadcastDims(std::span<const TensorView> inputs) {
  Shape shape;
  for (const TensorView& input : inputs)
    if (input.dtype != DType::kUndefined && !Widen(shape, ToShape(input.dims)))
      return Fail(ErrorCode::kShapeMismatch,
                  "dims " + ToString(input.dims) + " do not broadcast with " + ToString(shape),
                  "Extents must be equal or 1, counted from the last axis.");
  return *KnownDims(shape);
}

std::optional<Shape> BroadcastShape(std::span<const Dim> a, std::span<const Dim> b) {
  Shape shape(a.begin(), a.end());
  if (!Widen(shape, b)) return std::nullopt;
  return shape;
}

bool BroadcastsTo(std::span<const Dim> from, std::span<const Dim> to) {
  if (from.size() > to.size()) return false;
  to = to.last(from.size());
  for (size_t i = 0; i < from.size(); ++i)
    if (!(from[i] == Dim(1)) && !(from[i] == to[i])) return false;
  return true;
}

BroadcastLoop::BroadcastLoop(const Dims& output, std::span<const TensorView> inputs) {
  const size_t rank = output.size(), count = inputs.size();
  std::vector<int64_t> running(count, 1);
  std::vector<Axis> reversed;  // innermost first
  for (size_t back = 1; back <= rank; ++back) {
    const int64_t extent = output[rank - back];
    if (extent == 0) done_ = true;
    Axis axis{extent, std::vector<int64_t>(count)};
    for (size_t k = 0; k < count; ++k) {
      const Dims& dims = inputs[k].dims;
      const int64_t own = back <= dims.size() ? dims[dims.size() - back] : 1;
      axis.strides[k] = own == 1 ? 0 : running[k];
      running[k] *= own;
    }
    if (extent == 1) continue;
    bool merges = !reversed.empty();
    for (size_t k = 0; merges && k < count; ++k)
      merges = axis.strides[k] == reversed.back().strides[k] * reversed.back().extent;
    if (merges)
      reversed.back().extent *= extent;
    else
      reversed.push_back(std::move(axis));
  }
  if (reversed.empty()) reversed.push_back({1, std::vector<int64_t>(count)});
  axes_.assign(reversed.rbegin(), reversed.rend());
  index_.resize(axes_.size());
  row_.inputs.resize(count);
  row_.strides = axes_.back().strides;
}

bool BroadcastLoop::Next(int64_t max_count) {
  // The row before: step over it, carrying into outer axes.
  const size_t last = axes_.size() - 1;
  if (done_) return false;
  row_.output += row_.count;
  index_[last] += row_.count;
  for (size_t k = 0; k < row_.inputs.size(); ++k) row_.inputs[k] += row_.count * row_.strides[k];
  for (size_t axis = last; index_[axis] == axes_[axis].extent; --axis) {
    if (axis == 0) {
      done_ = true;
      return false;
    }
    for (size_t k = 0; k < row_.inputs.size(); ++k)
      row_.inputs[k] += axes_[axis - 1].strides[k] - axes_[axis].extent * axes_[axis].strides[k];
    index_[axis] = 0;
    ++index_[axis - 1];
  }
  row_.count = std::min(max_count, axes_[last].extent - index_[last]);
  return true;
}

template <class T>
void RunBinaryBlocks(const TensorView& a, const TensorView& b, const TensorView& y,
                     BinaryBlock<T> block) {
  T blocks[3][kBlock];
  const TensorView inputs[] = {a, b};
  BroadcastLoop loop(y.dims, inputs);
  while (loop.Next(kBlock)) {
    const BroadcastRow& row = loop.row();
    for (size_t k = 0; k < 2; ++k)
      LoadElements(inputs[k], row.inputs[k], row.strides[k], row.count, blocks[k]);
    block(blocks[0], blocks[1], blocks[2], row.count);
    StoreElements(blocks[2], row.count, y, row.output);
  }
}

template void RunBinaryBlocks(const TensorView&, const TensorView&, const TensorView&,
                              BinaryBlock<double>);
template void RunBinaryBlocks(const TensorView&, const TensorView&, const TensorView&,
                              BinaryBlock<int64_t>);
template void RunBinaryBlocks(const TensorView&, const TensorView&, const TensorView&,
                              BinaryBlock<uint64_t>);

Result<std::vector<ReplacedInput>> CommuteBroadcastInputs(const Graph& graph, const Node& node,
                                                          std::span<const int64_t> perm) {
  std::vector<ReplacedInput> replaced;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Tensor* constant = graph.Constant(node.inputs[i]);
    if (!constant || constant->elements() == 1 || constant->dims().size() >= perm.size()) continue;
    Dims dims = constant->dims();
    dims.insert(dims.begin(), perm.size() - dims.size(), 1);
    INSITU_ASSIGN(Tensor permuted, Permuted(constant->Reshaped(std::move(dims)), perm));
    replaced.push_back({i, std::move(permuted)});
  }
  return replaced;
}

}  // namespace insitu
