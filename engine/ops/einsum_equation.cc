// Parsing of Einsum's equation. Without "->" the output is the axes of "...", then every letter
// that occurs once, capitals first.
#include "ops/einsum_equation.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/limits.h"
#include "ops/broadcast.h"

namespace insitu {
namespace {

static_assert(kEinsumLabels - kEinsumLetters >= static_cast<size_t>(kLargestLimits.max_rank));

constexpr std::string_view kEllipsis = "...";

std::unexpected<Error> Invalid(std::string_view equation, std::string what) {
  return Fail(ErrorCode::kInvalidModel,
              "the equation '" + std::string(equation.substr(0, 200)) + "' " + std::move(what),
              "See numpy.einsum for what may be written.");
}

std::optional<uint8_t> LetterLabel(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<uint8_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<uint8_t>(c - 'a' + 26);
  return std::nullopt;
}

uint8_t EllipsisLabel(size_t from_last) { return static_cast<uint8_t>(kEinsumLetters + from_last); }

// One term; "..." stands for `hidden` axes, or for whatever `rank` leaves.
Result<Labels> ParseTerm(std::string_view equation, std::string_view term,
                         std::optional<size_t> rank, size_t hidden) {
  const size_t dots = term.find(kEllipsis);
  if (dots != std::string_view::npos) {
    const size_t letters = term.size() - kEllipsis.size();
    if (rank && *rank < letters) return Invalid(equation, "names more axes than an operand has");
    if (rank) hidden = *rank - letters;
    if (hidden > kEinsumLabels - kEinsumLetters)
      return Invalid(equation, "has an operand of too many axes");
  }
  Labels labels;
  for (size_t i = 0; i < term.size(); ++i) {
    if (i == dots) {
      for (size_t k = hidden; k-- > 0;) labels.push_back(EllipsisLabel(k));
      i += kEllipsis.size() - 1;
      continue;
    }
    const auto label = LetterLabel(term[i]);
    if (!label) return Invalid(equation, "holds something other than letters and one '...' a term");
    labels.push_back(*label);
  }
  if (rank && labels.size() != *rank)
    return Invalid(equation, "names " + std::to_string(labels.size()) +
                                 " axes of an operand that has " + std::to_string(*rank));
  return labels;
}

}  // namespace

Result<EinsumEquation> ParseEinsum(std::string_view text, std::span<const size_t> ranks) {
  std::string equation(text);
  std::erase(equation, ' ');
  const std::string_view all = equation;
  const size_t arrow = all.find("->");
  std::string_view rest = all.substr(0, arrow);

  EinsumEquation parsed;
  std::array<int, kEinsumLabels> uses = {};
  size_t hidden = 0;
  for (size_t i = 0; i < ranks.size(); ++i) {
    const size_t comma = rest.find(',');
    if ((comma == std::string_view::npos) != (i + 1 == ranks.size()))
      return Invalid(text,
                     "has not one term for each of " + std::to_string(ranks.size()) + " operands");
    INSITU_ASSIGN(Labels labels, ParseTerm(text, rest.substr(0, comma), ranks[i], 0));
    for (uint8_t label : labels) {
      ++uses[label];
      if (label >= kEinsumLetters) hidden = std::max<size_t>(hidden, label - kEinsumLetters + 1);
    }
    parsed.operands.push_back(std::move(labels));
    if (comma != std::string_view::npos) rest.remove_prefix(comma + 1);
  }
  if (arrow == std::string_view::npos) {
    for (size_t k = hidden; k-- > 0;) parsed.output.push_back(EllipsisLabel(k));
    for (uint8_t label = 0; label < kEinsumLetters; ++label)
      if (uses[label] == 1) parsed.output.push_back(label);
    return parsed;
  }
  INSITU_ASSIGN(parsed.output, ParseTerm(text, all.substr(arrow + 2), std::nullopt, hidden));
  for (uint8_t label : parsed.output) {
    if (uses[label] == 0) return Invalid(text, "has an output axis that no operand has");
    uses[label] = 0;
  }
  return parsed;
}

Result<std::vector<Dim>> EinsumExtents(const EinsumEquation& equation,
                                       std::span<const Shape> shapes) {
  std::vector<Dim> extents(kEinsumLabels, Dim(1));
  for (size_t i = 0; i < shapes.size(); ++i)
    for (size_t axis = 0; axis < shapes[i].size(); ++axis) {
      Dim& extent = extents[equation.operands[i][axis]];
      const auto common = BroadcastShape({&extent, 1}, {&shapes[i][axis], 1});
      if (!common)
        return Fail(ErrorCode::kShapeMismatch,
                    "axis " + std::to_string(axis) + " of operand " + std::to_string(i) +
                        " of Einsum has the extent " + shapes[i][axis].ToString() +
                        " where another operand has " + extent.ToString());
      extent = common->front();
    }
  return extents;
}

}  // namespace insitu
