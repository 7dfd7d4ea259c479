// Scaled dot product attention, the one loop behind every attention operator:
// softmax(softcap(scale * Q K^T) + mask) V, row by row, in double.
// Invariant: query head h reads key and value head h * kv_heads / heads. A row whose scores are all
// minus infinity gives zeros. softcap(x) = c tanh(x / c) comes before the mask, so that what is
// masked stays so.
#pragma once

#include <functional>
#include <span>

#include "ops/heads.h"

namespace insitu {

// The scores of one query row: `index` is the row's place in [batch, heads, rows].
struct ScoreRow {
  int64_t batch, head, row, index;
};

enum class ScoreStage : uint8_t { kProduct, kCapped, kMasked, kSoftmax };

struct AttentionOptions {
  double scale = 1, softcap = 0;
  // Adds masks and biases to the scores of a row.
  std::function<void(const ScoreRow& row, std::span<double> scores)> mask;
  // A logit that takes part in the sum of the softmax and nothing else.
  std::function<double(int64_t head)> sink;
  // Where the scores after `watched` are written: [batch, heads, rows, total].
  TensorView watch;
  ScoreStage watched = ScoreStage::kProduct;
};

// query [batch, heads, rows, size], key [batch, kv_heads, total, size] and value [batch, kv_heads,
// total, v_size] are float64 and fit together; `output` takes the rows.
Status Attend(const Tensor& query, const Tensor& key, const Tensor& value,
              const AttentionOptions& options, const HeadRows& output);

// A mask or bias that broadcasts to [batch, heads, rows, total] in all but the last axis.
class ScoreBias {
 public:
  // ShapeMismatch when it does not broadcast. Fewer columns than `total` are allowed: what is
  // missing is masked.
  static Result<ScoreBias> Read(const TensorView& view, int64_t batch, int64_t heads, int64_t rows,
                                int64_t total);
  // Adds it to the scores; of bools, false is minus infinity.
  void AddTo(const ScoreRow& row, std::span<double> scores) const;

 private:
  TensorView view_;
  int64_t batch_step_ = 0, head_step_ = 0, row_step_ = 0, columns_ = 0;
};

}  // namespace insitu
