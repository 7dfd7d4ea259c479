// Recognising class scores and reducing them.
#include "monitor/output_features.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <span>

namespace insitu {
namespace {

constexpr int64_t kLeastClassesByShape = 10;
constexpr std::array<std::string_view, 3> kKindNames = {"other", "probabilities", "logits"};

bool HasRows(const TensorView& view) {
  return (view.dtype == DType::kFloat32 || view.dtype == DType::kFloat64) && !view.dims.empty() &&
         view.dims.back() >= 2 && view.elements() > 0;
}

template <class T>
bool AreProbabilities(std::span<const T> values, size_t width, double slack) {
  for (size_t first = 0; first < values.size(); first += width) {
    double sum = 0;
    for (T value : values.subspan(first, width)) {
      if (!(value >= 0)) return false;
      sum += static_cast<double>(value);
    }
    if (!(std::abs(sum - 1) <= slack)) return false;
  }
  return true;
}

bool SaysLogits(std::string_view name) {
  constexpr std::string_view kWord = "logit";
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return !std::ranges::search(name, kWord, same).empty();
}

// p = exp(x - largest) / sum of these; entropy = log(sum) - sum p (x - largest).
template <class T>
ClassScores RowOfLogits(std::span<const T> row) {
  const auto winner = std::ranges::max_element(row);
  const auto largest = static_cast<double>(*winner);
  double sum = 0, weighted = 0, second = 0;
  for (auto it = row.begin(); it != row.end(); ++it) {
    const double below = static_cast<double>(*it) - largest;
    const auto power = static_cast<double>(std::exp(static_cast<float>(below)));
    sum += power;
    if (power > 0) weighted += power * below;
    if (it != winner) second = std::max(second, power);
  }
  ClassScores scores{1 / sum, std::log(sum) - weighted / sum, (1 - second) / sum, {}};
  scores.winner = winner - row.begin();
  return scores;
}

template <class T>
ClassScores RowOfProbabilities(std::span<const T> row) {
  const auto winner = std::ranges::max_element(row);
  ClassScores scores{static_cast<double>(*winner), 0, 0, winner - row.begin()};
  double second = 0;
  for (auto it = row.begin(); it != row.end(); ++it) {
    const auto p = static_cast<double>(*it);
    if (p > 0) scores.entropy -= p * std::log(p);
    if (it != winner) second = std::max(second, p);
  }
  scores.margin = scores.top - second;
  return scores;
}

template <class T>
std::optional<ClassScores> Scores(std::span<const T> values, size_t width, OutputKind kind) {
  if (!std::ranges::all_of(values, [](T x) { return std::isfinite(x); })) return std::nullopt;
  if (kind == OutputKind::kProbabilities && !AreProbabilities(values, width, kRoundedSlack))
    return std::nullopt;
  const size_t rows = values.size() / width;
  ClassScores mean;
  for (size_t r = 0; r < rows; ++r) {
    const auto row = values.subspan(r * width, width);
    const ClassScores one =
        kind == OutputKind::kLogits ? RowOfLogits(row) : RowOfProbabilities(row);
    const auto share = 1 / static_cast<double>(rows);
    mean.top += one.top * share;
    mean.entropy += one.entropy * share;
    mean.margin += one.margin * share;
    if (rows == 1) mean.winner = one.winner;
  }
  return mean;
}

}  // namespace

std::string_view Name(OutputKind kind) { return kKindNames[static_cast<size_t>(kind)]; }

std::optional<OutputKind> OutputKindOf(std::string_view name) {
  const auto found = std::ranges::find(kKindNames, name);
  if (found == kKindNames.end()) return std::nullopt;
  return static_cast<OutputKind>(found - kKindNames.begin());
}

OutputReading ReadOutput(std::string_view name, const TensorView& view,
                         std::optional<OutputKind> declared) {
  if (declared) return {*declared, "declared"};
  if (!HasRows(view)) return {OutputKind::kOther, "shape"};
  const auto width = static_cast<size_t>(view.dims.back());
  const bool probabilities = view.dtype == DType::kFloat32
                                 ? AreProbabilities(view.As<float>(), width, kProbabilitySlack)
                                 : AreProbabilities(view.As<double>(), width, kProbabilitySlack);
  if (probabilities) return {OutputKind::kProbabilities, "values"};
  if (SaysLogits(name)) return {OutputKind::kLogits, "name"};
  const bool classifies = view.dims.size() == 2 && view.dims.back() >= kLeastClassesByShape;
  // A quantized softmax adds up to about 1.
  const bool rounded = view.dtype == DType::kFloat32
                           ? AreProbabilities(view.As<float>(), width, kRoundedSlack)
                           : AreProbabilities(view.As<double>(), width, kRoundedSlack);
  if (classifies && rounded) return {OutputKind::kProbabilities, "values"};
  return {classifies ? OutputKind::kLogits : OutputKind::kOther, "shape"};
}

std::optional<ClassScores> ScoresOf(const TensorView& view, OutputKind kind) {
  if (kind == OutputKind::kOther || !HasRows(view)) return std::nullopt;
  const auto width = static_cast<size_t>(view.dims.back());
  return view.dtype == DType::kFloat32 ? Scores(view.As<float>(), width, kind)
                                       : Scores(view.As<double>(), width, kind);
}

void AppendOutputFeatures(std::string_view name, const ClassScores& scores, FeatureRow& features) {
  features.Add(name, ".top", scores.top);
  features.Add(name, ".entropy", scores.entropy);
  features.Add(name, ".margin", scores.margin);
  if (scores.winner) features.Add(name, ".class", static_cast<double>(*scores.winner));
}

}  // namespace insitu
