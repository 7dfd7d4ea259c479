// Thompson's construction, from the end of the pattern to its beginning, and its simulation.
#include "ops/regex.h"

#include <algorithm>
#include <ranges>

#include "base/utf8.h"
#include "ops/regex_parser.h"

namespace insitu {
namespace {

using State = Regex::State;
using Kind = Regex::Kind;

class Builder {
 public:
  // The state at which `node` begins, if `next` follows it.
  Result<size_t> Emit(const RegexNode& node, size_t next) {
    if (++work_ > Regex::kMostStates)
      return Fail(
          ErrorCode::kLimitExceeded,
          "a regular expression needs more than " + std::to_string(Regex::kMostStates) + " states",
          "Use smaller repetition counts.");
    switch (node.kind) {
      case RegexNode::Kind::kSet:
        ranges_ += node.ranges.size();
        if (ranges_ > kMostRanges)
          return Fail(ErrorCode::kLimitExceeded,
                      "the character classes of a regular expression, repeated, have more than " +
                          std::to_string(kMostRanges) + " ranges",
                      "Use smaller repetition counts or classes.");
        return Add({Kind::kSet, next, 0, node.ranges});
      case RegexNode::Kind::kAssertion:
        return Add({node.assertion, next, 0, {}});
      case RegexNode::Kind::kSequence:
        for (const RegexNode& part : std::views::reverse(node.parts)) {
          INSITU_ASSIGN(next, Emit(part, next));
        }
        return next;
      case RegexNode::Kind::kAlternatives:
        return Alternatives(node, next);
      case RegexNode::Kind::kRepeat:
        return Repeat(node, next);
    }
    std::unreachable();
  }
  size_t Add(State state) {
    states.push_back(std::move(state));
    return states.size() - 1;
  }

  std::vector<State> states;

 private:
  Result<size_t> Alternatives(const RegexNode& node, size_t next) {
    INSITU_ASSIGN(size_t start, Emit(node.parts.back(), next));
    for (const RegexNode& part : node.parts | std::views::reverse | std::views::drop(1)) {
      INSITU_ASSIGN(const size_t other, Emit(part, next));
      start = Add({Kind::kSplit, other, start, {}});
    }
    return start;
  }

  Result<size_t> Repeat(const RegexNode& node, size_t next) {
    const RegexNode& part = node.parts.front();
    size_t start = next;
    if (node.max == RegexNode::kNoLimit) {
      start = Add({Kind::kSplit, 0, next, {}});
      INSITU_ASSIGN(states[start].next, Emit(part, start));
    }
    for (int i = node.min; i < node.max; ++i) {
      INSITU_ASSIGN(const size_t once, Emit(part, start));
      start = Add({Kind::kSplit, once, next, {}});
    }
    for (int i = 0; i < node.min; ++i) {
      INSITU_ASSIGN(start, Emit(part, start));
    }
    return start;
  }

  static constexpr size_t kMostRanges = size_t{1} << 20;

  size_t work_ = 0, ranges_ = 0;
};

// The states that are reached without taking a code point.
class Closure {
 public:
  Closure(const std::vector<State>& states, const std::vector<char32_t>& text)
      : states_(states), text_(text), seen_(states.size()) {}

  void Clear() {
    members_.clear();
    std::ranges::fill(seen_, false);
  }
  void Add(size_t start, size_t at) {
    pending_.push_back(start);
    while (!pending_.empty()) {
      const size_t index = pending_.back();
      pending_.pop_back();
      if (seen_[index]) continue;
      seen_[index] = true;
      const State& state = states_[index];
      if (state.kind == Kind::kSet || state.kind == Kind::kMatch) {
        members_.push_back(index);
      } else if (state.kind == Kind::kSplit) {
        pending_.push_back(state.other);
        pending_.push_back(state.next);
      } else if (Holds(state.kind, at)) {
        pending_.push_back(state.next);
      }
    }
  }
  const std::vector<size_t>& members() const { return members_; }

 private:
  bool Holds(Kind assertion, size_t at) const {
    const bool first = at == 0, last = at == text_.size();
    const bool edge =
        (!first && IsWordCharacter(text_[at - 1])) != (!last && IsWordCharacter(text_[at]));
    switch (assertion) {
      case Kind::kTextStart:
        return first;
      case Kind::kTextEnd:
        return last;
      case Kind::kLineStart:
        return first || text_[at - 1] == U'\n';
      case Kind::kLineEnd:
        return last || text_[at] == U'\n';
      case Kind::kWordEdge:
        return edge;
      default:
        return !edge;
    }
  }

  const std::vector<State>& states_;
  const std::vector<char32_t>& text_;
  std::vector<char> seen_;
  std::vector<size_t> members_, pending_;
};

bool Contains(const Regex::Ranges& ranges, char32_t c) {
  const auto behind = std::ranges::upper_bound(ranges, c, {}, &Regex::Ranges::value_type::first);
  return behind != ranges.begin() && c <= std::prev(behind)->second;
}

}  // namespace

Result<Regex> Regex::Compile(std::string_view pattern) {
  INSITU_ASSIGN(const RegexNode tree, ParseRegex(pattern));
  Builder builder;
  const size_t match = builder.Add({});
  Regex regex;
  INSITU_ASSIGN(regex.start_, builder.Emit(tree, match));
  regex.states_ = std::move(builder.states);
  return regex;
}

bool Regex::MatchesAll(std::string_view text) const {
  std::vector<char32_t> codes;
  for (size_t at = 0; at < text.size();) codes.push_back(NextCodePoint(text, at));
  Closure even(states_, codes), odd(states_, codes);
  even.Add(start_, 0);
  for (size_t at = 0; at < codes.size(); ++at) {
    const Closure& now = at % 2 ? odd : even;
    Closure& next = at % 2 ? even : odd;
    next.Clear();
    for (size_t index : now.members()) {
      const State& state = states_[index];
      if (state.kind == Kind::kSet && Contains(state.ranges, codes[at]))
        next.Add(state.next, at + 1);
    }
  }
  const Closure& last = codes.size() % 2 ? odd : even;
  return std::ranges::any_of(last.members(),
                             [&](size_t index) { return states_[index].kind == Kind::kMatch; });
}

}  // namespace insitu
