// Parts of the engine that are left out: the same results, elsewhere.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "support/ones.h"
#include "support/places.h"
#include "tools/onnx_case.h"

namespace insitu::test {
namespace {

TEST_CASE("whatever is left out, a model gives the same") {
  const auto runtime = *Runtime::Create(1);
  const auto bytes = *ReadFile(ProjectDir() + "/models/handwriting/handwriting_int8.onnx");
  const std::vector<NamedTensor> feeds{{"image", *Ones(DType::kFloat32, {1, 1, 28, 28})}};
  const auto run = [&](const std::set<std::string>& without) {
    SessionOptions options;
    options.without = without;
    const auto session = *Session::Load(bytes, options, *runtime);
    const auto rows = session->Explain();
    const auto outputs = *session->Run(feeds);
    const auto numbers = outputs[0].tensor.As<float>();
    return std::pair(std::vector<float>(numbers.begin(), numbers.end()), rows);
  };
  const auto whole = run({});
  const auto on = [](const auto& made, std::string_view backend) {
    return std::ranges::count(made.second, backend, &ExplainRow::on);
  };
  const std::vector<std::string> switches = runtime->Switches();
  REQUIRE(switches.size() > 10);
  for (const std::string& name : switches) {
    INFO(name);
    const auto made = run({name});
    REQUIRE(made.first.size() == whole.first.size());
    for (size_t i = 0; i < whole.first.size(); ++i)
      CHECK(std::abs(made.first[i] - whole.first[i]) < 1e-5F);
    if (name == "kernel") CHECK(on(made, "kernel") < on(whole, "kernel"));
    if (name == "xnnpack") CHECK(on(made, "xnnpack") == 0);
    if (name == "fuse-qdq") CHECK(on(made, "folded") < on(whole, "folded"));
  }
  SessionOptions options;
  options.without = {"fuse-everything"};
  const auto refused = Session::Load(bytes, options, *runtime);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kInvalidArgument);
  CHECK(refused.error().hint.find("fuse-qdq") != std::string::npos);
}

}  // namespace
}  // namespace insitu::test
