// The integer masks of com.microsoft's attention operators: which keys are padding.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md, Attention
// Forms: [batch] the number of valid keys; [2 * batch] that, then the first valid one;
// [batch, total], [batch, rows, total] or [batch, 1, longest, longest] with 0 for masked; and
// [1 or batch, 1], which masks nothing.
// Invariant: masked scores get `filter` (mask_filter_value) added; keys behind a query of a
// unidirectional node get the lowest float.
#pragma once

#include "ops/attention_core.h"

namespace insitu {

class PaddingMask {
 public:
  // No mask when `view` is of type kUndefined. ShapeMismatch when it has none of the forms.
  static Result<PaddingMask> Read(const TensorView& view, int64_t batch, int64_t rows, int64_t past,
                                  int64_t total);
  void AddTo(const ScoreRow& row, std::span<double> scores, double filter) const;

 private:
  TensorView view_;
  int64_t batch_ = 0, past_ = 0;
};

// Masks the keys behind query row `row` of a unidirectional node.
void MaskFuture(const ScoreRow& row, int64_t past, std::span<double> scores);

}  // namespace insitu
