// Where the bounds lie: what only looks hostile runs, and lowered limits refuse what would run.
#include <limits>

#include "hostile/load.h"
#include "support/with_limits.h"

namespace insitu::test {
namespace {

TEST_CASE("what only looks hostile runs") {
  const auto runtime = Runtime::Create(1).value();
  const auto runs = [&](const ModelBuilder& builder) {
    const auto error = ErrorOf(builder, *runtime);
    INFO((error ? ToString(*error) : ""));
    CHECK_FALSE(error);
  };
  ModelBuilder grams(20);  // longer ones than there are words
  grams.Input("x", {int64_t{3}}, Proto::INT64)
      .Node("TfIdfVectorizer", {"x"}, {"y"})
      .Int("min_gram_length", 1)
      .Int("max_gram_length", int64_t{1} << 62)
      .Int("max_skip_count", std::numeric_limits<int64_t>::max())
      .Text("mode", "TF")
      .Ints("ngram_counts", {0})
      .Ints("ngram_indexes", {0, 1})
      .Ints("pool_int64s", {1, 2})
      .Output("y");
  runs(grams);
  std::string text;  // 12,000 words, which are 60,000 bytes
  for (int i = 0; i < 12'000; ++i) text += "word ";
  ModelBuilder words(20);
  words.Initializer(StringTensor("x", text)).Node("StringSplit", {"x"}, {"y", "n"}).Output("y");
  words.Output("n");
  runs(words);
  ModelBuilder signs(20);  // bytes of either sign, as some exporters store them
  signs.Initializer(ByteTensor("a", Proto::INT8, {2}, {255, -1}))
      .Initializer(ByteTensor("b", Proto::UINT8, {2}, {-1, 255}))
      .Node("Identity", {"a"}, {"y"})
      .Node("Identity", {"b"}, {"z"})
      .Output("y")
      .Output("z");
  runs(signs);
}

TEST_CASE("lowered limits refuse what would run, each by its name") {
  const auto runtime = Runtime::Create(1).value();
  const auto code = [&](const Limits& limits) {
    ModelBuilder builder;
    builder.Input("x", {int64_t{4}, int64_t{8}})
        .Initializer(FloatTensor("weights", {8}, {1, 2, 3, 4, 5, 6, 7, 8}))
        .Node("Add", {"x", "weights"}, {"sum"})
        .Node("Erf", {"sum"}, {"error"})
        .Node("Softmax", {"error"}, {"y"})
        .Int("axis", 1)
        .Output("y");
    const WithLimits lowered(limits);
    const auto error = ErrorOf(builder, *runtime);
    return error ? std::string(Name(error->code)) : std::string();
  };
  CHECK(code({}).empty());
  for (const Limits& limits :
       {Limits{.max_model_bytes = 60}, Limits{.max_initializer_bytes = 31}, Limits{.max_nodes = 2},
        Limits{.max_values = 3}, Limits{.max_graph_ends = 0}, Limits{.max_rank = 1},
        Limits{.max_elements = 31}, Limits{.max_tensor_bytes = 127}, Limits{.max_arena_bytes = 64},
        Limits{.max_name_bytes = 4}})
    CHECK(code(limits) == "LimitExceeded");
  CHECK(code({.max_initializer_bytes = 32,
              .max_nodes = 3,
              .max_graph_ends = 1,
              .max_rank = 2,
              .max_elements = 32,
              .max_tensor_bytes = 128,
              .max_name_bytes = 7})
            .empty());
}

}  // namespace
}  // namespace insitu::test
