// Features of outputs: how sure a classifier is, and of what. Only outputs whose last axis holds
// the scores of classes have any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "monitor/features.h"

namespace insitu {

// An output is a probability vector where every row of its last axis (at least 2 wide) is
// non-negative and sums to 1 within this.
inline constexpr double kProbabilitySlack = 1e-3;
// How far the sum may be off where an output is known to hold probabilities: a quantized softmax
// rounds each of them.
inline constexpr double kRoundedSlack = 0.25;

// What the last axis of an output holds. Logits become probabilities by a softmax.
enum class OutputKind : uint8_t { kOther, kProbabilities, kLogits };
// "other", "probabilities", "logits".
std::string_view Name(OutputKind kind);
std::optional<OutputKind> OutputKindOf(std::string_view name);

struct OutputReading {
  OutputKind kind = OutputKind::kOther;
  std::string because;  // "declared", "values", "name" or "shape"

  void Transfer(Archive& archive) { archive(kind, because); }
};

// Probabilities are known by their values; logits by a name with "logit" in it, or by the shape:
// two dims, the last of them 10 or more, as classifiers have it. What is declared stands.
OutputReading ReadOutput(std::string_view name, const TensorView& view,
                         std::optional<OutputKind> declared = std::nullopt);

// Of probabilities, means over the rows.
struct ClassScores {
  double top = 0, entropy = 0, margin = 0;  // largest; in nats; largest minus second
  std::optional<int64_t> winner;            // the class of the largest, of a single row
};

// nullopt for kOther, for what cannot be probabilities where they should be, for types other than
// floats and for rows with NaN or infinity.
std::optional<ClassScores> ScoresOf(const TensorView& view, OutputKind kind);

// Appends `<name>.top`, `.entropy`, `.margin` and, of a single row, `.class`.
void AppendOutputFeatures(std::string_view name, const ClassScores& scores, FeatureRow& features);

}  // namespace insitu
