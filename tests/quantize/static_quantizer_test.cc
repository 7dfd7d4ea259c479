// Static quantization of the project's own float model, and of small graphs: close to float, as
// integers in this engine, and only what was asked for.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "base/json.h"
#include "onnx/model_builder.h"
#include "quantize/quantizer.h"
#include "quantize/samples.h"
#include "support/places.h"
#include "tools/onnx_case.h"

namespace insitu::test {
namespace {

const std::string kModel = ProjectDir() + "/models/handwriting/handwriting_fp32.onnx";

// Stored drawings, each as a batch of one.
std::vector<std::vector<NamedTensor>> Drawings() {
  const auto bytes = *ReadFile(ProjectDir() + "/tests/models/fixtures/expected.json");
  const Json json =
      *Json::Parse({reinterpret_cast<const char*>(bytes.bytes.data()), bytes.bytes.size()});
  std::vector<std::vector<NamedTensor>> drawings;
  for (const Json& fixture : *json.AsArray()) {
    std::vector<float> image;
    for (const Json& ink : *fixture.Find("cells400")->AsArray())
      image.push_back(static_cast<float>(*ink.AsNumber()) / 400.0F);
    drawings.push_back(
        {{"image", *Tensor::From<float>({1, 1, 28, 28}, std::span<const float>(image))}});
  }
  return drawings;
}

struct Made {
  std::unique_ptr<Runtime> runtime = *Runtime::Create(1);
  std::unique_ptr<Quantizer> quantizer;

  explicit Made(const QuantizeOptions& options, bool observes = true) {
    quantizer = *Quantizer::Create(*ReadFile(kModel), options, {}, *runtime);
    if (observes)
      for (const auto& drawing : Drawings()) REQUIRE(quantizer->Observe(drawing));
  }
  std::unique_ptr<Session> Load(const std::set<std::string>& in_float = {},
                                const std::map<std::string, std::string>& metadata = {}) const {
    const auto buffer = std::make_shared<Buffer>(*quantizer->Write(metadata, in_float));
    return *Session::Load({{buffer->data(), buffer->size()}, buffer}, {}, *runtime);
  }
};

struct Agreement {
  double sqnr = 0;
  int same = 0, count = 0;
};

Agreement Compare(Session& session) {
  auto runtime = *Runtime::Create(1);
  const auto original = *Session::Load(*ReadFile(kModel), {}, *runtime);
  Agreement agreement;
  Sqnr sqnr;
  for (const auto& drawing : Drawings()) {
    const auto wanted = *original->Run(drawing), got = *session.Run(drawing);
    const auto a = wanted[0].tensor.As<float>(), b = got[0].tensor.As<float>();
    sqnr.Add(a, b);
    agreement.same +=
        std::ranges::max_element(a) - a.begin() == std::ranges::max_element(b) - b.begin();
    ++agreement.count;
  }
  agreement.sqnr = sqnr.decibels();
  return agreement;
}

int CountOn(const Session& session, const std::string& op, const std::string& on) {
  return static_cast<int>(std::ranges::count_if(
      session.Explain(), [&](const ExplainRow& row) { return row.op == op && row.on == on; }));
}

TEST_CASE("the handwriting model as int8 answers as float does, with every option") {
  std::vector<QuantizeOptions> all(9);
  all[1].method = RangeMethod::kPercentile;
  all[2].method = RangeMethod::kEntropy;
  all[3].method = RangeMethod::kMeanSquareError;
  all[4].signed_activations = true;
  all[5].bias_correction = false;
  all[6].equalize = true;
  all[7].per_channel = false;
  all[8].reduce_range = true;
  for (size_t i = 0; i < all.size(); ++i) {
    INFO("options " << i);
    const Made made(all[i]);
    const auto session = made.Load();
    const Agreement agreement = Compare(*session);
    CHECK(agreement.same == agreement.count);
    CHECK(agreement.sqnr > 20);
    CHECK(agreement.sqnr < 100);  // it is not float
  }
}

TEST_CASE("what is written runs as integers here") {
  const auto session = Made({}).Load({}, {{"made by", "a test"}});
  CHECK(session->metadata().at("made by") == "a test");
  CHECK(CountOn(*session, "Conv", "reference") == 0);
  CHECK(CountOn(*session, "QuantizeLinear", "reference") == 0);
  // One at the entrance, none left between layers.
  const auto rows = session->Explain();
  CHECK(std::ranges::count_if(rows, [](const ExplainRow& row) {
          return row.op == "DequantizeLinear" && row.on != "folded";
        }) <= 1);
}

TEST_CASE("layers that are left in float are, and layers alone are measured") {
  const Made made({});
  const std::vector<std::string> nodes = made.quantizer->Nodes();
  REQUIRE(nodes.size() > 3);
  std::vector<double> errors;
  for (const std::string& node : nodes) {
    const auto error = made.quantizer->Measure(node, 8);
    REQUIRE(error);
    CHECK(error->node == node);
    CHECK(error->output_sqnr > 15);
    errors.push_back(*error->output_sqnr);
  }
  CHECK(made.quantizer->Measure("no such node", 8).error().code == ErrorCode::kInvalidArgument);
  const Agreement whole = Compare(*made.Load());
  const Agreement none = Compare(*made.Load({nodes.begin(), nodes.end()}));
  CHECK(none.sqnr > 90);
  const size_t worst = static_cast<size_t>(std::ranges::min_element(errors) - errors.begin());
  CHECK(Compare(*made.Load({nodes[worst]})).sqnr >= whole.sqnr);
}

TEST_CASE("excluded operators stay, and options are checked") {
  QuantizeOptions options;
  options.exclude_ops = {"Conv"};
  const Made made(options);
  for (const std::string& node : made.quantizer->Nodes()) {
    const auto error = made.quantizer->Measure(node, 1);
    CHECK(error->op != "Conv");
  }
  auto runtime = *Runtime::Create(1);
  options.percentile = 20;
  CHECK(Quantizer::Create(*ReadFile(kModel), options, {}, *runtime).error().code ==
        ErrorCode::kInvalidArgument);
}

TEST_CASE("weights that are not finite stay in float") {
  const auto runtime = *Runtime::Create(1);
  for (const float odd : {NAN, INFINITY, 1.0F}) {
    ModelBuilder builder;
    builder.Input("x", {int64_t{1}, int64_t{2}})
        .Initializer(FloatTensor("w", {2, 2}, {1, odd, 2, 3}))
        .Initializer(FloatTensor("b", {2}, {odd, 1}))
        .Node("Gemm", {"x", "w", "b"}, {"y"})
        .Output("y");
    const auto quantizer = *Quantizer::Create(ToBytes(builder.Bytes()), {}, {}, *runtime);
    CHECK(quantizer->Nodes().empty() != std::isfinite(odd));
  }
}

TEST_CASE("a layer whose sums could leave 32 bits stays in float") {
  const auto runtime = *Runtime::Create(1);
  for (const int64_t depth : {66'000, 67'000}) {
    ModelBuilder builder;
    builder.Input("x", {int64_t{1}, depth})
        .Initializer(FloatTensor("w", {depth, 1}, std::vector<float>(depth, 0.5F)))
        .Node("MatMul", {"x", "w"}, {"y"})
        .Output("y");
    const auto quantizer = *Quantizer::Create(ToBytes(builder.Bytes()), {}, {}, *runtime);
    CHECK(quantizer->Nodes().empty() == (depth == 67'000));
  }
}

TEST_CASE("a product of activations whose sums could leave 32 bits stays in float") {
  const auto runtime = *Runtime::Create(1);
  for (const int64_t depth : {33'000, 33'100}) {
    ModelBuilder builder;
    builder.Input("a", {int64_t{1}, depth})
        .Input("b", {depth, int64_t{1}})
        .Node("MatMul", {"a", "b"}, {"y"})
        .Output("y");
    const auto quantizer = *Quantizer::Create(ToBytes(builder.Bytes()), {}, {}, *runtime);
    CHECK(quantizer->Nodes().empty() == (depth == 33'100));
  }
}

TEST_CASE("names that the model has not, and models with scales, are refused") {
  const auto runtime = *Runtime::Create(1);
  QuantizeOptions options;
  options.exclude_nodes = {"conv1", "conv 1"};
  const auto misspelt = Quantizer::Create(*ReadFile(kModel), options, {}, *runtime);
  REQUIRE_FALSE(misspelt);
  CHECK(misspelt.error().code == ErrorCode::kInvalidArgument);
  CHECK(misspelt.error().message.contains("'conv 1'"));
  options = {};
  options.exclude_ops = {"Softmax", "LSTM", "conv"};
  const auto no_operator = Quantizer::Create(*ReadFile(kModel), options, {}, *runtime);
  REQUIRE_FALSE(no_operator);
  CHECK(no_operator.error().message.contains("no operator 'conv'"));

  const auto int8 = *ReadFile(ProjectDir() + "/models/handwriting/handwriting_int8.onnx");
  const auto again = Quantizer::Create(int8, {}, {}, *runtime);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::kInvalidArgument);
  CHECK(again.error().message.contains("quantized already"));
  options = {};
  options.to = QuantizeTo::kFloat16;
  CHECK(Quantizer::Create(int8, options, {}, *runtime));
}

TEST_CASE("a table of embeddings becomes bytes, also where a layer reads it") {
  const auto runtime = *Runtime::Create(1);
  std::vector<float> numbers(64 * 32);
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = std::sin(static_cast<float>(i)) * static_cast<float>(1 + i % 32);
  const std::vector<int64_t> ids = {3, 60, 7};
  const NamedTensor feed{"ids", *Tensor::From<int64_t>({3}, std::span<const int64_t>(ids))};
  for (const bool tied : {false, true}) {
    ModelBuilder builder;
    builder.Input("ids", {int64_t{3}}, onnx::TensorProto::INT64)
        .Initializer(FloatTensor("table", {64, 32}, numbers))
        .Node("Gather", {"table", "ids"}, {"rows"}, "look up");
    if (tied) builder.Node("Gemm", {"rows", "table"}, {"y"}, "tied").Int("transB", 1);
    builder.Output(tied ? "y" : "rows");
    const ModelBytes bytes = ToBytes(builder.Bytes());
    const auto quantizer = *Quantizer::Create(bytes, {}, {}, *runtime);
    REQUIRE(quantizer->Observe(std::span(&feed, 1)));
    using Names = std::vector<std::string>;
    CHECK(quantizer->Nodes() == (tied ? Names{"look up", "tied"} : Names{"look up"}));
    const auto error = quantizer->Measure("look up", 1);
    REQUIRE(error);
    CHECK(error->op == "Gather");
    CHECK(std::abs(*error->output_sqnr - 45) < 15);
    const size_t stored = quantizer->Write({}, {})->size();
    CHECK(stored < bytes.bytes.size() / 2 + (tied ? 2048 : 0));
    // Each for itself: what stays in float has floats, what does not has codes.
    const size_t floats = numbers.size() * sizeof(float);
    const size_t without = quantizer->Write({}, {"look up"})->size();
    CHECK(without > floats + (tied ? numbers.size() : 0));
    if (tied) CHECK(quantizer->Write({}, {"tied"})->size() > floats + numbers.size());
  }
}

TEST_CASE("without samples nothing is written, and a sample that is not finite is named") {
  const Made made({}, false);
  CHECK(made.quantizer->WantsSamples());
  CHECK(made.quantizer->Write({}, {}).error().code == ErrorCode::kInvalidArgument);
  auto drawing = Drawings()[0];
  drawing[0].tensor.As<float>()[3] = INFINITY;
  CHECK(made.quantizer->Observe(drawing).error().code == ErrorCode::kDataQuality);
}

}  // namespace
}  // namespace insitu::test
