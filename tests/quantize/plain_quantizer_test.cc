// The quantizations without samples, of the project's own float model: close to float, smaller, and
// measured layer by layer.
#include <catch2/catch_test_macros.hpp>

#include "quantize/quantizer.h"
#include "support/ones.h"
#include "support/places.h"
#include "tools/onnx_case.h"

namespace insitu::test {
namespace {

const std::string kModel = ProjectDir() + "/models/intents/intents_fp32.onnx";

TEST_CASE("a model is written smaller without samples, in each way") {
  const auto runtime = *Runtime::Create(1);
  const ModelBytes model = *ReadFile(kModel);
  const auto original = *Session::Load(model, {}, *runtime);
  std::vector<NamedTensor> feeds;
  for (const TensorInfo& input : original->inputs()) {
    Dims dims;
    for (const Dim& dim : *input.type.shape) dims.push_back(dim.IsKnown() ? dim.value() : 2);
    feeds.push_back({input.name, *Ones(input.type.dtype, dims)});
  }
  for (const QuantizeTo to :
       {QuantizeTo::kDynamicInt8, QuantizeTo::kBlocks, QuantizeTo::kFloat16}) {
    INFO(static_cast<int>(to));
    QuantizeOptions options;
    options.to = to;
    options.bits = 8;
    const auto quantizer = *Quantizer::Create(model, options, {}, *runtime);
    CHECK_FALSE(quantizer->WantsSamples());
    const auto nodes = quantizer->Nodes();
    REQUIRE_FALSE(nodes.empty());
    CHECK_FALSE(quantizer->Measure(nodes[0], 4)->output_sqnr);
    REQUIRE(quantizer->Observe(feeds));
    const auto error = quantizer->Measure(nodes[0], 4);
    REQUIRE(error);
    CHECK(error->node == nodes[0]);
    CHECK_FALSE(error->op.empty());
    CHECK(*error->output_sqnr > 20);
    const auto written = std::make_shared<Buffer>(*quantizer->Write({}, {}));
    CHECK(written->size() < model.bytes.size());
    const auto session =
        *Session::Load({{written->data(), written->size()}, written}, {}, *runtime);
    CHECK(session->Run(feeds));
    const Buffer whole = *quantizer->Write({}, {nodes.begin(), nodes.end()});
    CHECK(whole.size() > written->size());
    CHECK(quantizer->Measure("no such node", 1).error().code == ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace insitu::test
