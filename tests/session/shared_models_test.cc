// Real models against their stored outputs, on the backends and on the reference. The models live
// beside the checkout (INSITU_SHARED, or ../shared) and are never part of it.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tools/onnx_case.h"

namespace insitu {
namespace {

namespace fs = std::filesystem;

fs::path ModelsFolder() {
  const char* shared = std::getenv("INSITU_SHARED");
  return fs::path(shared ? shared : INSITU_SHARED_DIR) / "models";
}

fs::path CaseFolder(const std::string& name) {
  const fs::path folder = ModelsFolder() / name;
  if (!fs::exists(folder / "model.onnx"))
    SKIP("no model at " << folder.string() << ": set INSITU_SHARED to the folder that has models/");
  return folder;
}

TEST_CASE("shared models give their stored outputs") {
  const std::string name = GENERATE("mnist_cnn", "mnist_mlp_dynamic_int8", "ultraface_rfb_320",
                                    "mobilenet_v2_fp32", "mobilenet_v2_int8_qdq");
  const bool reference = GENERATE(false, true);
  const int threads = reference ? 1 : GENERATE(1, 2);
  const fs::path folder = CaseFolder(name);
  auto runtime = Runtime::Create(threads);
  REQUIRE(runtime.has_value());
  const Status status = RunCase(
      folder, {.reference_only = reference, .dims = {}, .import = {}}, **runtime);
  INFO(name << (reference ? " on the reference, " : " on the backends, ") << threads << " threads");
  INFO((status ? "" : ToString(status.error())));
  CHECK(status.has_value());
}

TEST_CASE("the integer layers of MobileNetV2 run on XNNPACK, none as float") {
  const fs::path folder = CaseFolder("mobilenet_v2_int8_qdq");
  auto runtime = Runtime::Create(1);
  REQUIRE(runtime.has_value());
  auto bytes = ReadFile(folder / "model.onnx");
  REQUIRE(bytes.has_value());
  auto session = Session::Load(*bytes, {}, **runtime);
  REQUIRE(session.has_value());
  int integer_convolutions = 0;
  for (const ExplainRow& row : (*session)->Explain()) {
    INFO(row.node << " " << row.op << " on " << row.on << ": " << row.why);
    if (row.on != "folded") CHECK(row.op != "Conv");
    if (row.op != "QLinearConv") continue;
    ++integer_convolutions;
    CHECK(row.on == "xnnpack");
  }
  CHECK(integer_convolutions == 52);
}

}  // namespace
}  // namespace insitu
