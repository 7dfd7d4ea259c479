// Real models against their stored outputs, on the backends and on the reference. The models live
// beside the checkout (INSITU_SHARED, or ../shared) and are never part of it.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <filesystem>
#include <string>

#include "support/places.h"
#include "support/written.h"
#include "tools/onnx_case.h"

namespace insitu {
namespace {

namespace fs = std::filesystem;

fs::path CaseFolder(const std::string& name) {
  const fs::path folder = fs::path(test::SharedModelsDir()) / name;
  if (!fs::exists(folder / "model.onnx"))
    SKIP("no model at " << folder.string() << ": set INSITU_SHARED to the folder that has models/");
  return folder;
}

TEST_CASE("shared models give their stored outputs") {
  const std::string name =
      GENERATE("mnist_cnn", "mnist_mlp_dynamic_int8", "ultraface_rfb_320", "mobilenet_v2_fp32",
               "mobilenet_v2_int8_qdq", "fastestdet", "magika", "mnist_external", "silero_vad_16k",
               "squeezenet_fp16", "tiny_gpt2");
  const bool reference = GENERATE(false, true);
  const int threads = reference || !test::kHasThreads ? 1 : GENERATE(1, 4);
  const fs::path folder = CaseFolder(name);
  auto runtime = Runtime::Create(threads);
  REQUIRE(runtime.has_value());
  const Status status =
      RunCase(folder, {.reference_only = reference, .dims = {}, .import = {}}, **runtime);
  INFO(name << (reference ? " on the reference, " : " on the backends, ") << threads << " threads");
  INFO((status ? "" : ToString(status.error())));
  CHECK(status.has_value());
}

TEST_CASE("a shared model that was kept and restored gives its stored outputs") {
  const std::string name =
      GENERATE("mnist_cnn", "mnist_mlp_dynamic_int8", "ultraface_rfb_320", "mobilenet_v2_fp32",
               "mobilenet_v2_int8_qdq", "fastestdet", "magika", "mnist_external", "silero_vad_16k",
               "squeezenet_fp16", "tiny_gpt2");
  const fs::path folder = CaseFolder(name);
  INFO(name);
  auto runtime = Runtime::Create(1).value();
  std::shared_ptr<Buffer> kept;
  std::vector<ExplainRow> rows;
  {
    const auto model = ReadFile(folder / "model.onnx");
    REQUIRE(model.has_value());
    SessionOptions options;
    options.keep = true;
    options.import = ExternalDataBeside(folder / "model.onnx");
    const auto loaded = Session::Load(*model, options, *runtime).value();
    rows = loaded->Explain();
    kept = test::Written(*loaded->TakeKept());
  }
  const int64_t before = LiveBufferBytes();
  auto session = Session::Restore({{kept->data(), kept->size()}, kept}, {}, *runtime);
  INFO((session ? "" : ToString(session.error())));
  REQUIRE(session);
  // Weights lie where they were read to.
  CHECK(LiveBufferBytes() - before < 300'000);
  const Status status = RunDataSets(folder, **session);
  INFO((status ? "" : ToString(status.error())));
  CHECK(status.has_value());
  const auto again = (*session)->Explain();
  REQUIRE(again.size() == rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    CHECK(again[i].node == rows[i].node);
    CHECK(again[i].on == rows[i].on);
    CHECK(again[i].why == rows[i].why);
    CHECK(again[i].bytes == rows[i].bytes);
  }
}

TEST_CASE("loading needs the model, its packed weights and one layer in between") {
  const std::string name = GENERATE("mobilenet_v2_fp32", "mobilenet_v2_int8_qdq", "fastestdet",
                                    "tiny_gpt2", "mnist_mlp_dynamic_int8", "magika");
  const fs::path model = CaseFolder(name) / "model.onnx";
  auto runtime = Runtime::Create(1).value();
  const int64_t before = LiveBufferBytes();
  ResetPeakBufferBytes();
  auto bytes = ReadFile(model);
  REQUIRE(bytes.has_value());
  const auto file = static_cast<int64_t>(bytes->bytes.size());
  const auto session = Session::Load(*bytes, {}, *runtime).value();
  const int64_t peak = PeakBufferBytes() - before;
  bytes = ModelBytes();
  const int64_t kept = LiveBufferBytes() - before;
  int64_t largest = 0;
  for (const ExplainRow& row : session->Explain()) largest = std::max(largest, row.bytes);
  INFO(name << ": file " << file << ", peak " << peak << ", kept " << kept << ", largest layer "
            << largest);
  CHECK(static_cast<double>(peak) < 1.1 * static_cast<double>(file + kept + largest));
  // Of the file nothing is kept that was packed.
  CHECK(static_cast<double>(kept) < 1.3 * static_cast<double>(file));
}

TEST_CASE("what is float16 in the file runs on the backends") {
  const auto bytes = ReadFile(CaseFolder("squeezenet_fp16") / "model.onnx");
  REQUIRE(bytes.has_value());
  auto runtime = Runtime::Create(1).value();
  const auto session = Session::Load(*bytes, {}, *runtime).value();
  CHECK(session->inputs()[0].type.dtype == DType::kFloat16);
  CHECK(session->outputs()[0].type.dtype == DType::kFloat16);
  for (const ExplainRow& row : session->Explain())
    if (row.op == "Conv") CHECK(row.on == "xnnpack");
}

// As WebAssembly on our own kernels. Natively those have no SIMD, and XNNPACK takes all but two
// depthwise layers with a weight of -128, of which it does not promise exact sums.
TEST_CASE("the integer layers of MobileNetV2 run as integers") {
  const fs::path folder = CaseFolder("mobilenet_v2_int8_qdq");
  auto runtime = Runtime::Create(1);
  REQUIRE(runtime.has_value());
  auto bytes = ReadFile(folder / "model.onnx");
  REQUIRE(bytes.has_value());
  auto session = Session::Load(*bytes, {}, **runtime);
  REQUIRE(session.has_value());
  int on_xnnpack = 0, on_kernel = 0;
  for (const ExplainRow& row : (*session)->Explain()) {
    INFO(row.node << " " << row.op << " on " << row.on << ": " << row.why);
    if (row.on != "folded") CHECK(row.op != "Conv");
    if (row.op != "QLinearConv") continue;
    on_xnnpack += row.on == "xnnpack";
    on_kernel += row.on == "kernel";
  }
#ifdef __wasm__
  constexpr int kOnKernel = 52;
#else
  constexpr int kOnKernel = 2;
#endif
  CHECK(on_kernel == kOnKernel);
  CHECK(on_xnnpack == 52 - kOnKernel);
}

}  // namespace
}  // namespace insitu
