// Moving elements without looking at them: the one loop behind Transpose, Concat, Slice, Expand,
// Tile, Pad, Gather and Split. Works on element size, so it serves every type, also 4-bit types
// and strings.
// Invariant: the caller has checked that every index it asks for lies inside both tensors.
#pragma once

#include <span>

#include "base/tensor.h"

namespace insitu {

// to[to_offset ...] = from[from_offset ...], `count` consecutive elements.
void CopyElements(const TensorView& from, int64_t from_offset, const TensorView& to,
                  int64_t to_offset, int64_t count);

// The same for elements that lie `step` apart; a step of 0 repeats.
void CopyLine(const TensorView& from, int64_t from_offset, int64_t from_step, const TensorView& to,
              int64_t to_offset, int64_t to_step, int64_t count);

// Steps in elements; `steps` has one entry per axis of `extents`. A step of 0 repeats.
struct StridedSide {
  int64_t offset = 0;
  std::vector<int64_t> steps;
};

// For every index below `extents`: to[to.offset + index . to.steps] = from[likewise].
void CopyStrided(const TensorView& from, const StridedSide& from_side, const TensorView& to,
                 const StridedSide& to_side, std::span<const int64_t> extents);

// Row-major steps of a tensor with these extents.
std::vector<int64_t> RowMajorSteps(std::span<const int64_t> dims);

// The elements of x with output axis i being x's axis perm[i]; `to` has the permuted extents.
void CopyPermuted(const TensorView& x, std::span<const int64_t> perm, const TensorView& to);
// A new tensor of the same elements so permuted.
Result<Tensor> Permuted(const Tensor& x, std::span<const int64_t> perm);

}  // namespace insitu
