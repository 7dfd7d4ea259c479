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
  all[5].bias_correction = true;
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
