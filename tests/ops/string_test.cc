// Operators on strings beyond the conformance cases: letters outside ASCII, white space, weights, and
// attributes that make no sense.
#include "support/run_op.h"

namespace insitu::test {
namespace {

Tensor Strings(Dims dims, std::vector<std::string> strings) {
  return Value(Tensor::FromStrings(std::move(dims), std::move(strings)));
}

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
  const auto y = RunOp("StringNormalizer", {words},
                       {{"case_change_action", std::string("LOWER")}});
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

}  // namespace
}  // namespace insitu::test
