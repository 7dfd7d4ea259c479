// Where the bounds lie: what only looks hostile runs, and lowered limits refuse what would run.
#include <limits>

#include "base/strings.h"
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

// In WebAssembly these sizes are beyond 32 bits.
TEST_CASE("intermediates and scratch that no size_t counts are refused before they are allocated") {
  const auto runtime = Runtime::Create(1).value();
  const auto code = [&](const ModelBuilder& builder) {
    const auto error = ErrorOf(builder, *runtime);
    return error ? std::string(Name(error->code)) : std::string();
  };
  ModelBuilder expanded(13);
  expanded.Input("x", {int64_t{1}})
      .Initializer(IntTensor("to", {(int64_t{1} << 30) + 16}))
      .Initializer(IntTensor("first", {0}))
      .Initializer(IntTensor("last", {2}))
      .Node("Expand", {"x", "to"}, {"wide"})
      .Node("Slice", {"wide", "first", "last"}, {"y"})
      .Output("y");
  CHECK(code(expanded) == "LimitExceeded");
  ModelBuilder far(13);  // four pixels, 64 Mi columns apart
  far.Input("x", {int64_t{1}, int64_t{4}, int64_t{2}, int64_t{2}}, Proto::UINT8)
      .Initializer(Scalar("s", 0.5F))
      .Initializer(ByteTensor("z", Proto::UINT8, {}, {3}))
      .Initializer(ByteTensor("w", Proto::UINT8, {4, 1, 1, 1}, {1, 2, 3, 4}))
      .Node("QLinearConv", {"x", "s", "z", "w", "s", "z", "s", "z"}, {"y"})
      .Int("group", 4)
      .Ints("pads", {0, int64_t{1} << 26, 0, 0})
      .Ints("strides", {1, int64_t{1} << 26})
      .Output("y");
  const std::string end = code(far);  // some kernels need no scratch for it
  CHECK((end.empty() || end == "LimitExceeded"));
}

TEST_CASE("a long chain of movers in front of a QuantizeLinear loads") {
  const auto runtime = Runtime::Create(1).value();
  ModelBuilder builder(13);
  builder.Input("x", {int64_t{4}})
      .Initializer(IntTensor("dims", {4}))
      .Initializer(Scalar("s", 0.5F))
      .Initializer(ByteTensor("z", Proto::UINT8, {}, {3}));
  std::string last = "x";
  for (int i = 0; i < 20'000; ++i) {
    const std::string next = "r" + std::to_string(i);
    builder.Node("Reshape", {last, "dims"}, {next});
    last = next;
  }
  builder.Node("QuantizeLinear", {last, "s", "z"}, {"y"}).Output("y");
  const auto error = ErrorOf(builder, *runtime);
  INFO((error ? ToString(*error) : ""));
  CHECK_FALSE(error);
}

TEST_CASE("a file that is much larger once it is parsed is refused before") {
  const auto runtime = Runtime::Create(1).value();
  const WithLimits lowered({.max_values = 100, .max_strings = 100});
  const auto refused = [&](const std::function<void(ModelBuilder&)>& build) {
    ModelBuilder builder;
    builder.Input("x", {int64_t{1}}).Node("Relu", {"x"}, {"y"}).Output("y");
    build(builder);
    const auto error = ErrorOf(builder, *runtime);
    return error && error->code == ErrorCode::kLimitExceeded &&
           error->message.find("the model has more than") != std::string::npos;
  };
  CHECK_FALSE(refused([](ModelBuilder&) {}));
  const auto times = [](int n, auto add) {
    for (int i = 0; i < n; ++i) add();
  };
  CHECK(refused([&](ModelBuilder& b) {
    auto& shape = *b.graph().mutable_input(0)->mutable_type()->mutable_tensor_type();
    times(900, [&] { shape.mutable_shape()->add_dim(); });
  }));
  CHECK(refused([&](ModelBuilder& b) {
    auto* type = b.graph().mutable_input(0)->mutable_type();
    times(3, [&] { type = type->mutable_sequence_type()->mutable_elem_type(); });
    times(900, [&] { type->mutable_tensor_type()->mutable_shape()->add_dim(); });
  }));
  CHECK(refused([&](ModelBuilder& b) { times(900, [&] { b.model.add_metadata_props(); }); }));
  CHECK(refused([&](ModelBuilder& b) { times(900, [&] { b.model.add_opset_import(); }); }));
  CHECK(refused([&](ModelBuilder& b) {
    onnx::TensorProto tensor = FloatTensor("w", {1}, {1});
    times(900, [&] { tensor.add_external_data(); });
    b.Initializer(tensor);
  }));
  CHECK(refused([&](ModelBuilder& b) {
    onnx::TensorProto tensor = StringTensor("w", "");
    times(100, [&] { tensor.add_string_data(""); });
    b.Initializer(tensor);
  }));
}

TEST_CASE("inputs are counted over all graphs of a file") {
  const auto runtime = Runtime::Create(1).value();
  ModelBuilder builder;
  builder.Input("x", {int64_t{1}}).Node("Relu", {"x"}, {"y"}).Output("y");
  std::string bytes = builder.Bytes();
  for (int i = 0; i < 99; ++i) bytes += std::string("\x3a\x02\x5a\x00", 4);  // one that is empty
  const WithLimits lowered({.max_values = 100});
  const auto session = Session::Load(ToBytes(bytes), {}, *runtime);
  REQUIRE_FALSE(session);
  CHECK(session.error().code == ErrorCode::kLimitExceeded);
}

TEST_CASE("strings are bounded in one tensor and in all that live") {
  const auto runtime = Runtime::Create(1).value();
  std::vector<Tensor> alive;
  std::optional<Error> error;
  while (!error) {
    auto tensor = Tensor::Allocate(DType::kString, {CurrentLimits().max_strings});
    if (tensor)
      alive.push_back(*std::move(tensor));
    else
      error = std::move(tensor).error();
  }
  CHECK(error->code == ErrorCode::kLimitExceeded);
  CHECK(static_cast<int64_t>(alive.size()) * CurrentLimits().max_strings *
            static_cast<int64_t>(sizeof(std::string)) <=
        kMostLiveStringBytes);
  CHECK(alive.size() > 1);
  alive.clear();
  CHECK(Tensor::Allocate(DType::kString, {CurrentLimits().max_strings}));

  const WithLimits lowered({.max_string_bytes = 5});
  CHECK(Tensor::FromStrings({2}, {"abc", "de"}));
  CHECK(Tensor::FromStrings({2}, {"abc", "def"}).error().code == ErrorCode::kLimitExceeded);
  ModelBuilder joined(20);
  joined.Initializer(StringTensor("a", "abc")).Node("StringConcat", {"a", "a"}, {"y"}).Output("y");
  const auto refused = ErrorOf(joined, *runtime);
  REQUIRE(refused);
  CHECK(refused->code == ErrorCode::kLimitExceeded);
}

// Each Abs carries what the Concat in front of it does.
TEST_CASE("what inference carries is bounded for a whole graph") {
  Graph graph;
  graph.inputs = {graph.AddValue({"x", {DType::kInt64, Shape{Dim::Symbol("n")}}, {}, {}})};
  const ValueId one =
      graph.AddConstant("one", *Tensor::From<int64_t>({1}, std::vector<int64_t>{1}));
  const auto add = [&](const char* op, std::vector<ValueId> inputs) {
    const ValueId y = graph.AddValue({graph.FreshName("y"), {}, {}, {}});
    graph.AddNode(
        {graph.FreshName("n"), "", op, std::move(inputs), {y}, {{"axis", int64_t{0}}}, false});
    return y;
  };
  ValueId last = add("Concat", std::vector<ValueId>(kMostKnownElements, one));
  const size_t nodes = kMostInferredUnits / kMostKnownElements + 100;
  for (size_t i = 0; i < nodes; ++i) last = add("Concat", {last});
  REQUIRE(InferShapes(graph));
  size_t carried = 0;
  for (size_t i = 0; i < graph.value_count(); ++i)
    carried += graph.value(static_cast<ValueId>(i)).elements.value_or(std::vector<Dim>()).size();
  CHECK(carried <= kMostInferredUnits);
  CHECK(carried > kMostInferredUnits / 2);
  CHECK(ToString(*graph.value(last).type.shape) == "[1024]");
}

TEST_CASE("a run of thousands of stages is refused, and one of many is not") {
  const auto runtime = Runtime::Create(1).value();
  const auto code = [&](int stages) {
    ModelBuilder builder;
    builder.Input("x", {int64_t{2}, int64_t{2}});
    std::string last = "x";
    for (int i = 0; i < stages; ++i) {
      const std::string n = std::to_string(i);
      builder.Node("NonZero", {last}, {"i" + n})
          .Node("Cast", {"i" + n}, {"c" + n})
          .Int("to", Proto::FLOAT)
          .Node("ReduceMax", {"c" + n}, {"m" + n})
          .Ints("axes", {1});
      last = "m" + n;
    }
    builder.Output(last);
    const auto error = ErrorOf(builder, *runtime);
    return error ? ToString(*error) : std::string();
  };
  CHECK(code(100) == "");
  CHECK(code(1'600).find("extents depend on data") != std::string::npos);
}

// Each of the inputs is the shape of a Reshape, so that every one of them decides an extent.
TEST_CASE("a model with thousands of inputs that are shapes runs") {
  const auto runtime = Runtime::Create(1).value();
  ModelBuilder builder;
  builder.Initializer(FloatTensor("w", {1}, {1}));
  for (int i = 0; i < 2'000; ++i) {
    const std::string n = std::to_string(i);
    builder.Input("s" + n, {int64_t{1}}, Proto::INT64)
        .Node("Reshape", {"w", "s" + n}, {"y" + n})
        .Output("y" + n);
  }
  const auto error = ErrorOf(builder, *runtime);
  INFO((error ? ToString(*error) : ""));
  CHECK_FALSE(error);
}

TEST_CASE("a value with a hundred thousand readers loads") {
  const auto runtime = Runtime::Create(1).value();
  ModelBuilder builder;
  builder.Input("x", {int64_t{1}}).Node("Identity", {"x"}, {"i"});
  for (int i = 0; i < 100'000; ++i) builder.Node("Relu", {"i"}, {"r" + std::to_string(i)});
  builder.Output("r0");
  const auto error = ErrorOf(builder, *runtime);
  INFO((error ? ToString(*error) : ""));
  CHECK_FALSE(error);
}

}  // namespace
}  // namespace insitu::test
