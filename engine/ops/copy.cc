// Strided copies by element size.
#include "ops/copy.h"

#include <cstring>

namespace insitu {
namespace {

template <class Unit>
void CopyRun(const std::byte* from, int64_t from_step, std::byte* to, int64_t to_step,
             int64_t count) {
  const Unit* source = reinterpret_cast<const Unit*>(from);
  Unit* target = reinterpret_cast<Unit*>(to);
  for (int64_t i = 0; i < count; ++i) target[i * to_step] = source[i * from_step];
}

void CopyNibble(const TensorView& from, int64_t from_index, const TensorView& to,
                int64_t to_index) {
  const std::byte source = from.data[from_index / 2];
  const std::byte nibble = from_index % 2 ? source >> 4 : source & std::byte{15};
  std::byte& target = to.data[to_index / 2];
  target =
      to_index % 2 ? (target & std::byte{15}) | nibble << 4 : (target & std::byte{0xf0}) | nibble;
}

struct Axis {
  int64_t extent, from_step, to_step;
};

// Without extents of 1, neighbours that step alike merged.
std::vector<Axis> MergeAxes(std::span<const int64_t> extents, std::span<const int64_t> from_steps,
                            std::span<const int64_t> to_steps) {
  std::vector<Axis> axes;
  for (size_t i = 0; i < extents.size(); ++i) {
    if (extents[i] == 1) continue;
    const Axis axis{extents[i], from_steps[i], to_steps[i]};
    if (!axes.empty() && axes.back().from_step == axis.from_step * axis.extent &&
        axes.back().to_step == axis.to_step * axis.extent) {
      axes.back() = {axes.back().extent * axis.extent, axis.from_step, axis.to_step};
    } else {
      axes.push_back(axis);
    }
  }
  if (axes.empty()) axes.push_back({1, 1, 1});
  return axes;
}

}  // namespace

void CopyLine(const TensorView& from, int64_t from_offset, int64_t from_step, const TensorView& to,
              int64_t to_offset, int64_t to_step, int64_t count) {
  if (from.dtype == DType::kString) {
    for (int64_t i = 0; i < count; ++i)
      (*to.strings)[static_cast<size_t>(to_offset + i * to_step)] =
          (*from.strings)[static_cast<size_t>(from_offset + i * from_step)];
    return;
  }
  const int bits = BitWidth(from.dtype);
  if (bits < 8) {
    for (int64_t i = 0; i < count; ++i)
      CopyNibble(from, from_offset + i * from_step, to, to_offset + i * to_step);
    if (const int64_t elements = to.elements(); elements % 2)
      to.data[elements / 2] &= std::byte{15};  // padding
    return;
  }
  const int64_t size = bits / 8;
  const std::byte* source = from.data + from_offset * size;
  std::byte* target = to.data + to_offset * size;
  if (from_step == 1 && to_step == 1) {
    std::memcpy(target, source, static_cast<size_t>(count * size));
    return;
  }
  switch (size) {
    case 1:
      return CopyRun<uint8_t>(source, from_step, target, to_step, count);
    case 2:
      return CopyRun<uint16_t>(source, from_step, target, to_step, count);
    case 4:
      return CopyRun<uint32_t>(source, from_step, target, to_step, count);
    default:
      return CopyRun<uint64_t>(source, from_step, target, to_step, count);
  }
}

void CopyElements(const TensorView& from, int64_t from_offset, const TensorView& to,
                  int64_t to_offset, int64_t count) {
  if (count > 0) CopyLine(from, from_offset, 1, to, to_offset, 1, count);
}

void CopyStrided(const TensorView& from, const StridedSide& from_side, const TensorView& to,
                 const StridedSide& to_side, std::span<const int64_t> extents) {
  for (int64_t extent : extents)
    if (extent == 0) return;
  const std::vector<Axis> axes = MergeAxes(extents, from_side.steps, to_side.steps);
  const Axis& inner = axes.back();
  std::vector<int64_t> index(axes.size());
  int64_t from_offset = from_side.offset, to_offset = to_side.offset;
  while (true) {
    CopyLine(from, from_offset, inner.from_step, to, to_offset, inner.to_step, inner.extent);
    size_t axis = axes.size() - 1;
    while (true) {
      if (axis == 0) return;
      --axis;
      from_offset += axes[axis].from_step;
      to_offset += axes[axis].to_step;
      if (++index[axis] < axes[axis].extent) break;
      from_offset -= axes[axis].extent * axes[axis].from_step;
      to_offset -= axes[axis].extent * axes[axis].to_step;
      index[axis] = 0;
    }
  }
}

std::vector<int64_t> RowMajorSteps(std::span<const int64_t> dims) {
  std::vector<int64_t> steps(dims.size());
  int64_t step = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    steps[i] = step;
    step *= dims[i];
  }
  return steps;
}

void CopyPermuted(const TensorView& x, std::span<const int64_t> perm, const TensorView& to) {
  const std::vector<int64_t> x_steps = RowMajorSteps(x.dims);
  StridedSide from;
  for (int64_t axis : perm) from.steps.push_back(x_steps[static_cast<size_t>(axis)]);
  CopyStrided(x, from, to, {0, RowMajorSteps(to.dims)}, to.dims);
}

Result<Tensor> Permuted(const Tensor& x, std::span<const int64_t> perm) {
  Dims dims;
  for (int64_t axis : perm) dims.push_back(x.dims()[static_cast<size_t>(axis)]);
  INSITU_ASSIGN(Tensor permuted, Tensor::Allocate(x.dtype(), std::move(dims)));
  CopyPermuted(x.View(), perm, permuted.View());
  return permuted;
}

}  // namespace insitu
