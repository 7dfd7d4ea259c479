// AxisWalk: the indices of some axes of a tensor, in row-major order, as offsets into it; for loops
// that do not copy (those are in copy.h). No allocation after the axes are added.
#pragma once

#include <cstdint>
#include <vector>

#include "base/tensor.h"

namespace insitu {

class AxisWalk {
 public:
  void Add(int64_t extent, int64_t step) {
    extents_.push_back(extent);
    steps_.push_back(step);
    index_.push_back(0);
  }
  int64_t count() const { return ElementsUnchecked(extents_); }
  int64_t offset() const { return offset_; }
  // To the next index; back to the first after the last.
  void Advance() {
    for (size_t i = extents_.size(); i-- > 0;) {
      offset_ += steps_[i];
      if (++index_[i] < extents_[i]) return;
      offset_ -= extents_[i] * steps_[i];
      index_[i] = 0;
    }
  }

 private:
  Dims extents_;
  std::vector<int64_t> steps_, index_;
  int64_t offset_ = 0;
};

}  // namespace insitu
