// Operators on strings beyond the conformance cases: letters outside ASCII, white space, weights,
// and attributes that make no sense.
#include "support/run_op.h"

namespace insitu::test {
namespace {

TEST_CASE("strings are joined with broadcasting", "[ops]") {
  const auto y = RunOp("StringConcat", {Strings({2, 1}, {"a", "b"}), Strings({2}, {"x", ""})});
  CheckClose(y, Strings({2, 2}, {"ax", "a", "bx", "b"}));
}

TEST_CASE("white space in any amount divides", "[ops]") {
  const auto y = RunOp("StringSplit", {Strings({2}, {"  one\ttwo \n", " "})});
  CheckClose(y, Strings({2, 2}, {"one", "two", "", ""}));
}

TEST_CASE("letters of several alphabets change their case", "[ops]") {
  const Tensor words = Strings({4}, {"Äpfel", "МОСКВА", "Ωmega", "×÷ß日"});
  const auto y = RunOp("StringNormalizer", {words}, {{"case_change_action", std::string("LOWER")}});
  CheckClose(y, Strings({4}, {"äpfel", "москва", "ωmega", "×÷ß日"}));
  const auto kept = RunOp("StringNormalizer", {words},
                          {{"stopwords", std::vector<std::string>{"москва", "äPFEL"}}});
  CheckClose(kept, Strings({2}, {"Ωmega", "×÷ß日"}));
}

TEST_CASE("n-grams are counted with weights", "[ops]") {
  Attributes attributes{{"max_gram_length", int64_t{2}},
                        {"min_gram_length", int64_t{1}},
                        {"max_skip_count", int64_t{1}},
                        {"mode", std::string("TFIDF")},
                        {"ngram_counts", std::vector<int64_t>{0, 1}},
                        {"ngram_indexes", std::vector<int64_t>{1, 0}},
                        {"pool_strings", std::vector<std::string>{"a", "a", "b"}},
                        {"weights", std::vector<float>{0.5f, 2.0f}}};
  const auto y = RunOp("TfIdfVectorizer", {Strings({1, 4}, {"a", "x", "b", "a"})}, attributes);
  CheckClose(y, Floats({1, 2}, {2.0f, 1.0f}));
}

bool Matches(const std::string& pattern, const std::string& text) {
  const auto y = RunOp("RegexFullMatch", {Strings({1}, {text})}, {{"pattern", pattern}});
  return y.As<uint8_t>()[0] != 0;
}

TEST_CASE("a pattern has to match all of the text", "[ops]") {
  struct Case {
    const char *pattern, *matching, *other;
  };
  const Case cases[] = {
      {"", "", "a"},
      {"a|bc", "bc", "abc"},
      {"(a|ab)(c|bcd)d?", "abcd", "abd"},
      {"a.c", "aéc", "a\nc"},
      {"(?s)a.c", "a\nc", "ac"},
      {"u*", "uuuu", "uuv"},
      {"(?:xy)+?", "xyxy", "xyx"},
      {"[^a-c]{2,3}", "dé", "dede"},
      {"[]a-]+", "]-a", "b"},
      {"[[:alpha:]_]\\w*", "_a9", "9a"},
      {"[[:^digit:]]+", "ab", "a1"},
      {"\\d{4}-\\d{2}", "2024-01", "2024-1"},
      {"\\S+\\s\\S+", "a b", "a  b"},
      {"(?i)straße", "STRAßE", "STRASSE"},
      {"(?i:a)b", "Ab", "AB"},
      {"(?P<year>19|20)\\d\\d", "1999", "2199"},
      {"\\bfoo\\b.*", "foo bar", "foobar"},
      {"(?m)a$\\n^b", "a\nb", "a\n b"},
      {"^\\Aab\\z$", "ab", "b"},
      {"\\x41\\x{e9}\\101", "AéA", "AeA"},
      {"\\Qa.b*\\E+", "a.b**", "axb*"},
      {"a{,2}", "a{,2}", "aa"},
      {"(a*)*b", "aaab", "aaac"},
      {"(|a)+", "aaa", "b"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.pattern);
    CHECK(Matches(c.pattern, c.matching));
    CHECK_FALSE(Matches(c.pattern, c.other));
  }
}

TEST_CASE("a pattern that would take others exponential time does not here", "[ops]") {
  std::string pattern, text(64, 'a');
  for (int i = 0; i < 64; ++i) pattern += "a?";
  CHECK(Matches(pattern + text, text));
  CHECK_FALSE(Matches("(a|aa)*b", std::string(10'000, 'a')));
}

TEST_CASE("what is no pattern is refused at load", "[ops]") {
  for (const char* pattern : {"(", ")", "a**", "*a", "[a", "[b-a]", "a{2,1}", "\\", "(?<n", "(?z)",
                              "[[:nothing:]]", "\\y", "a{1001}", "\\x{110000}"}) {
    CAPTURE(pattern);
    const auto y = TryOp("RegexFullMatch", {Strings({1}, {"a"})},
                         {.attributes = {{"pattern", std::string(pattern)}},
                          .outputs = 1,
                          .domain = "",
                          .inputs_known = true});
    REQUIRE_FALSE(y);
    CHECK(y.error().code == ErrorCode::kInvalidModel);
  }
  const auto big = TryOp("RegexFullMatch", {Strings({1}, {"a"})},
                         {.attributes = {{"pattern", std::string("((a{1000}){1000}){1000}")}},
                          .outputs = 1,
                          .domain = "",
                          .inputs_known = true});
  REQUIRE_FALSE(big);
  CHECK(big.error().code == ErrorCode::kLimitExceeded);
}

}  // namespace
}  // namespace insitu::test
