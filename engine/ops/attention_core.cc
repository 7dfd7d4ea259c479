// The loop of attention, and masks that broadcast.
#include "ops/attention_core.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/elements.h"

namespace insitu {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

// In place. `sink` is minus infinity where there is none.
void Softmax(std::span<double> scores, double sink) {
  double peak = sink;
  for (double score : scores) peak = std::max(peak, score);
  if (peak == kMinusInfinity) {
    std::ranges::fill(scores, 0.0);
    return;
  }
  double sum = std::exp(sink - peak);
  for (double& score : scores) sum += score = std::exp(score - peak);
  for (double& score : scores) score /= sum;
}

double Dot(const double* a, const double* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

Status Attend(const Tensor& query, const Tensor& key, const Tensor& value,
              const AttentionOptions& options, const HeadRows& output) {
  const int64_t batch = query.dims()[0], heads = query.dims()[1], rows = query.dims()[2];
  const int64_t size = query.dims()[3], kv_heads = key.dims()[1], total = key.dims()[2];
  const int64_t v_size = value.dims()[3];
  if (size == 0) return Fail(ErrorCode::kShapeMismatch, "the heads of a query have no elements");
  INSITU_ASSIGN(Tensor score_tensor, Tensor::Allocate(DType::kFloat64, {total}));
  INSITU_ASSIGN(Tensor result_tensor, Tensor::Allocate(DType::kFloat64, {v_size}));
  const std::span<double> scores = score_tensor.As<double>();
  double* result = result_tensor.As<double>().data();
  const auto watch = [&](ScoreStage stage, const ScoreRow& row) {
    if (options.watch.data && options.watched == stage)
      StoreElements(scores.data(), total, options.watch, row.index * total);
  };
  const double *q = query.As<double>().data(), *k = key.As<double>().data(),
               *v = value.As<double>().data();
  ScoreRow row{};
  for (row.batch = 0; row.batch < batch; ++row.batch)
    for (row.head = 0; row.head < heads; ++row.head) {
      const int64_t kv_head = row.batch * kv_heads + row.head * kv_heads / heads;
      const double sink = options.sink ? options.sink(row.head) : kMinusInfinity;
      for (row.row = 0; row.row < rows; ++row.row, ++row.index) {
        for (int64_t t = 0; t < total; ++t)
          scores[static_cast<size_t>(t)] =
              options.scale * Dot(q + row.index * size, k + (kv_head * total + t) * size, size);
        watch(ScoreStage::kProduct, row);
        if (options.softcap > 0)
          for (double& score : scores) score = options.softcap * std::tanh(score / options.softcap);
        watch(ScoreStage::kCapped, row);
        if (options.mask) options.mask(row, scores);
        watch(ScoreStage::kMasked, row);
        Softmax(scores, sink);
        watch(ScoreStage::kSoftmax, row);
        std::fill_n(result, v_size, 0.0);
        for (int64_t t = 0; t < total; ++t) {
          const double weight = scores[static_cast<size_t>(t)];
          if (weight == 0) continue;
          const double* from = v + (kv_head * total + t) * v_size;
          for (int64_t i = 0; i < v_size; ++i) result[i] += weight * from[i];
        }
        StoreElements(result, v_size, output.data, output.At(row.batch, row.head, row.row));
      }
    }
  return {};
}

Result<ScoreBias> ScoreBias::Read(const TensorView& view, int64_t batch, int64_t heads,
                                  int64_t rows, int64_t total) {
  const Dims& dims = view.dims;
  const int64_t full[] = {batch, heads, rows};
  bool fits = dims.size() >= 2 && dims.size() <= 4 && dims.back() <= total;
  int64_t steps[3] = {};
  int64_t step = dims.empty() ? 1 : dims.back();
  for (size_t back = 2; fits && back <= dims.size(); ++back) {
    const int64_t extent = dims[dims.size() - back];
    fits = extent == 1 || extent == full[4 - back];
    steps[4 - back] = extent == 1 ? 0 : step;
    step *= extent;
  }
  if (!fits)
    return Fail(ErrorCode::kShapeMismatch, "the mask or bias " + ToString(dims) +
                                               " does not broadcast to " +
                                               ToString(Dims{batch, heads, rows, total}));
  ScoreBias bias;
  bias.view_ = view;
  bias.batch_step_ = steps[0];
  bias.head_step_ = steps[1];
  bias.row_step_ = steps[2];
  bias.columns_ = dims.back();
  return bias;
}

void ScoreBias::AddTo(const ScoreRow& row, std::span<double> scores) const {
  const int64_t offset = row.batch * batch_step_ + row.head * head_step_ + row.row * row_step_;
  double block[kBlock];
  for (int64_t start = 0; start < columns_; start += kBlock) {
    const int64_t n = std::min(kBlock, columns_ - start);
    LoadElements(view_, offset + start, 1, n, block);
    for (int64_t i = 0; i < n; ++i) {
      double& score = scores[static_cast<size_t>(start + i)];
      if (view_.dtype != DType::kBool)
        score += block[i];
      else if (block[i] == 0)
        score = kMinusInfinity;
    }
  }
  std::ranges::fill(scores.subspan(static_cast<size_t>(columns_)), kMinusInfinity);
}

}  // namespace insitu
