// Transforms of scores and labels.
#include "ops/class_scores.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ops/attribute_list.h"

namespace insitu {
namespace {

constexpr std::string_view kNames[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};

// Winitzki's approximation, which the operators are defined by.
double InverseErf(double x) {
  const double sign = x < 0 ? -1 : 1, rest = (1 - x) * (1 + x);
  if (rest == 0) return 0;
  const double log = std::log(rest), v = 2 / (std::numbers::pi * 0.147) + 0.5 * log;
  return sign * std::sqrt(-v + std::sqrt(v * v - log / 0.147));
}

double Probit(double value) { return 1.41421356 * InverseErf(2 * value - 1); }

void Softmax(std::span<double> scores) {
  const double largest = scores[LargestOf(scores)];
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - largest);
  for (double& score : scores) score /= sum;
}

// Scores of (nearly) zero stay small instead of counting as exp(0).
void SoftmaxZero(std::span<double> scores) {
  const double largest = scores[LargestOf(scores)], down = std::exp(-largest);
  double sum = 0;
  for (double& score : scores) {
    score = std::fabs(score) > 0.0000001 ? std::exp(score - largest) : score * down;
    sum += score;
  }
  for (double& score : scores) score = sum == 0 ? 0.5 : score / sum;
}

}  // namespace

Result<PostTransform> ReadPostTransform(const Node& node) {
  if (const int64_t number = node.Attr<int64_t>("post_transform", 0);
      number >= 0 && number < 5 && !node.Attr<std::string>("post_transform", "").size())
    return static_cast<PostTransform>(number);
  const auto name = node.Attr<std::string>("post_transform", "");
  const auto found = std::ranges::find(kNames, name);
  if (found != std::end(kNames)) return static_cast<PostTransform>(found - kNames);
  return Fail(ErrorCode::kInvalidModel, "the attribute post_transform is not known",
              "It must be NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO or PROBIT.");
}

double Logistic(double value) { return 1 / (1 + std::exp(-value)); }

size_t LargestOf(std::span<const double> scores) {
  return static_cast<size_t>(std::ranges::max_element(scores) - scores.begin());
}

void TransformScores(std::span<double> scores, PostTransform transform) {
  if (transform == PostTransform::kProbit)
    for (double& score : scores) score = Probit(score);
  if (scores.size() < 2) return;
  if (transform == PostTransform::kLogistic)
    for (double& score : scores) score = Logistic(score);
  if (transform == PostTransform::kSoftmax) Softmax(scores);
  if (transform == PostTransform::kSoftmaxZero) SoftmaxZero(scores);
}

ClassLabels::ClassLabels(const Node& node, std::string_view ints_name)
    : strings(ListOf<std::string>(node, "classlabels_strings")),
      ints(ListOf<int64_t>(node, ints_name)) {}

void ClassLabels::Store(size_t index, const TensorView& y, int64_t row) const {
  if (y.dtype == DType::kString && index < strings.size())
    (*y.strings)[static_cast<size_t>(row)] = strings[index];
  else
    StoreNumber(index < ints.size() ? ints[index] : static_cast<int64_t>(index), y, row);
}

void ClassLabels::StoreNumber(int64_t number, const TensorView& y, int64_t row) const {
  if (y.dtype == DType::kString)
    (*y.strings)[static_cast<size_t>(row)] = std::to_string(number);
  else
    StoreElements(&number, 1, y, row);
}

}  // namespace insitu
