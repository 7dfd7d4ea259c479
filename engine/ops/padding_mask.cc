// Reading and applying of padding masks.
#include "ops/padding_mask.h"

#include <limits>

#include "ops/elements.h"

namespace insitu {

Result<PaddingMask> PaddingMask::Read(const TensorView& view, int64_t batch, int64_t rows,
                                      int64_t past, int64_t total) {
  PaddingMask mask;
  if (view.dtype == DType::kUndefined) return mask;
  const Dims& dims = view.dims;
  // ONNX Runtime takes this for no mask; its exporter writes it for models that need none.
  const bool dummy =
      dims.size() == 2 && dims[1] == 1 && total != 1 && (dims[0] == 1 || dims[0] == batch);
  if (dummy) return mask;
  const bool fits = dims == Dims{batch} || dims == Dims{2 * batch} || dims == Dims{batch, total} ||
                    dims == Dims{batch, rows, total} ||
                    (dims.size() == 4 && dims[0] == batch && dims[1] == 1 && dims[2] == dims[3] &&
                     dims[2] >= total);
  if (!fits)
    return Fail(ErrorCode::kShapeMismatch,
                "a mask of shape " + ToString(dims) + " is not supported for " +
                    std::to_string(batch) + " sequences of " + std::to_string(rows) +
                    " queries and " + std::to_string(total) + " keys",
                "[batch], [2 * batch], [batch, total] and [batch, rows, total] are.");
  mask.view_ = view;
  mask.batch_ = batch;
  mask.past_ = past;
  return mask;
}

void PaddingMask::AddTo(const ScoreRow& row, std::span<double> scores, double filter) const {
  if (view_.dtype == DType::kUndefined) return;
  const Dims& dims = view_.dims;
  const auto total = static_cast<int64_t>(scores.size());
  if (dims.size() == 1) {
    const int64_t end = LoadInteger(view_, row.batch);
    const int64_t begin = dims[0] == batch_ ? 0 : LoadInteger(view_, batch_ + row.batch);
    for (int64_t t = 0; t < total; ++t)
      if (t < begin || t >= end) scores[static_cast<size_t>(t)] += filter;
    return;
  }
  int64_t offset = row.batch * dims.back();
  if (dims.size() == 3) offset = (row.batch * dims[1] + row.row) * dims.back();
  if (dims.size() == 4) offset = (row.batch * dims[2] + past_ + row.row) * dims.back();
  int64_t block[kBlock];
  for (int64_t start = 0; start < total; start += kBlock) {
    const int64_t n = std::min(kBlock, total - start);
    LoadElements(view_, offset + start, 1, n, block);
    for (int64_t i = 0; i < n; ++i)
      if (block[i] <= 0) scores[static_cast<size_t>(start + i)] += filter;
  }
}

void MaskFuture(const ScoreRow& row, int64_t past, std::span<double> scores) {
  for (auto t = static_cast<size_t>(past + row.row + 1); t < scores.size(); ++t)
    scores[t] = std::numeric_limits<float>::lowest();
}

}  // namespace insitu
