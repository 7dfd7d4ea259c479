// What the classifiers and regressors of ai.onnx.ml share at their end: the attribute
// post_transform, class labels, and writing them.
// https://onnx.ai/onnx/operators/onnx_aionnxml_LinearClassifier.html and its neighbours.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ops/infer_util.h"

namespace insitu {

enum class PostTransform : uint8_t { kNone, kSoftmax, kLogistic, kSoftmaxZero, kProbit };

// The attribute as a name or, in TreeEnsemble, as a number.
Result<PostTransform> ReadPostTransform(const Node& node);

// In place. A single score is transformed by PROBIT alone, as onnxruntime does.
void TransformScores(std::span<double> scores, PostTransform transform);
// 1 / (1 + exp(-value)).
double Logistic(double value);
// The index of the first largest.
size_t LargestOf(std::span<const double> scores);

// The labels of a classifier: strings, or integers under the name `ints`.
struct ClassLabels {
  const std::vector<std::string>& strings;
  const std::vector<int64_t>& ints;

  ClassLabels(const Node& node, std::string_view ints_name);
  size_t size() const { return std::max(strings.size(), ints.size()); }
  DType dtype() const { return strings.empty() ? DType::kInt64 : DType::kString; }
  // The label of class `index`, or the index itself where there is none.
  void Store(size_t index, const TensorView& y, int64_t row) const;
  // A number that is no index: 1 or 0 of a yes-or-no answer.
  void StoreNumber(int64_t number, const TensorView& y, int64_t row) const;
};

}  // namespace insitu
