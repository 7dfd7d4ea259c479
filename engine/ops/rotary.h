// Rotary position embedding of one head: pairs of elements (x, y) become
// (x cos - y sin, x sin + y cos), with cosines and sines from a row of two tables.
// Pairs are (i, i + half) or, interleaved, (2 i, 2 i + 1); elements behind 2 * half stay.
#pragma once

#include "ops/op_def.h"

namespace insitu {

class Rotary {
 public:
  // Tables of equal extents whose last is half the number of rotated elements, at most head_size.
  static Result<Rotary> Make(const TensorView& cosines, const TensorView& sines, bool interleaved,
                             int64_t head_size);
  int64_t half() const { return cosines_.dims.back(); }
  // InvalidArgument when the tables have no such row.
  Status CheckRow(int64_t row) const;
  // In place; the row has been checked.
  void Rotate(double* head, int64_t row);

 private:
  TensorView cosines_, sines_;
  Tensor buffer_;  // a row of cosines, then one of sines
  int64_t rows_ = 0;
  bool interleaved_ = false;
};

}  // namespace insitu
