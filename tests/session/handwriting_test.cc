// The project's own model end to end: stored drawings give the stored probabilities, on the
// backends and on the reference, and a session goes on after every kind of wrong feed.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "base/json.h"
#include "support/places.h"
#include "tools/onnx_case.h"

namespace insitu {
namespace {

const std::string kProject = test::ProjectDir();

std::vector<float> Numbers(const Json& array) {
  std::vector<float> numbers;
  for (const Json& item : *array.AsArray()) numbers.push_back(static_cast<float>(*item.AsNumber()));
  return numbers;
}

Json Fixtures() {
  auto bytes = ReadFile(kProject + "/tests/models/fixtures/expected.json");
  REQUIRE(bytes.has_value());
  auto json =
      Json::Parse({reinterpret_cast<const char*>(bytes->bytes.data()), bytes->bytes.size()});
  REQUIRE(json.has_value());
  return *std::move(json);
}

struct Loaded {
  std::unique_ptr<Runtime> runtime;
  std::unique_ptr<Session> session;
};

Loaded Load(bool reference, double warm_up_ms = 0) {
  auto runtime = Runtime::Create(1);
  REQUIRE(runtime.has_value());
  auto bytes = ReadFile(kProject + "/models/handwriting/handwriting_int8.onnx");
  REQUIRE(bytes.has_value());
  auto session = Session::Load(
      *bytes, {.reference_only = reference, .dims = {}, .warm_up_ms = warm_up_ms, .import = {}},
      **runtime);
  REQUIRE(session.has_value());
  return {*std::move(runtime), *std::move(session)};
}

std::vector<float> Image(const Json& fixture) {
  std::vector<float> image = Numbers(*fixture.Find("cells400"));
  for (float& ink : image) ink /= 400.0f;
  return image;
}

NamedTensor Feed(std::span<const float> image, int64_t batch) {
  auto tensor = Tensor::From<float>({batch, 1, 28, 28}, image);
  REQUIRE(tensor.has_value());
  return {"image", *std::move(tensor)};
}

TEST_CASE("stored drawings give the stored probabilities") {
  const bool reference = GENERATE(false, true);
  Loaded loaded = Load(reference);
  const Json fixtures = Fixtures();
  std::vector<float> all, expected;
  for (const Json& fixture : *fixtures.AsArray()) {
    const std::vector<float> image = Image(fixture);
    const std::vector<float> wanted = Numbers(*fixture.Find("probabilities"));
    auto outputs = loaded.session->Run(std::vector{Feed(image, 1)});
    REQUIRE(outputs.has_value());
    const auto got = (*outputs)[0].tensor.As<float>();
    REQUIRE(got.size() == wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i) CHECK(std::abs(got[i] - wanted[i]) < 1e-5f);
    all.insert(all.end(), image.begin(), image.end());
    expected.insert(expected.end(), wanted.begin(), wanted.end());
  }
  // The same drawings as one batch: another plan of the same program, then the first plan again.
  const auto batch = static_cast<int64_t>(fixtures.AsArray()->size());
  auto outputs = loaded.session->Run(std::vector{Feed(all, batch)});
  REQUIRE(outputs.has_value());
  for (size_t i = 0; i < expected.size(); ++i)
    CHECK(std::abs((*outputs)[0].tensor.As<float>()[i] - expected[i]) < 1e-5f);
  auto again = loaded.session->Run(std::vector{Feed(std::span(all).first(784), 1)});
  REQUIRE(again.has_value());
  CHECK(std::abs((*again)[0].tensor.As<float>()[0] - expected[0]) < 1e-5f);
}

TEST_CASE("a wrong feed is a typed error and the session goes on") {
  Loaded loaded = Load(false);
  const std::vector<float> image = Image((*Fixtures().AsArray())[0]);
  const auto code = [&](std::vector<NamedTensor> feeds) {
    auto outputs = loaded.session->Run(feeds);
    REQUIRE_FALSE(outputs.has_value());
    CHECK_FALSE(outputs.error().message.empty());
    return outputs.error().code;
  };
  const NamedTensor good = Feed(image, 1);
  CHECK(code({}) == ErrorCode::kInvalidArgument);
  CHECK(code({{"picture", good.tensor}}) == ErrorCode::kInvalidArgument);
  CHECK(code({good, good}) == ErrorCode::kInvalidArgument);
  CHECK(code({{"image", *Tensor::Allocate(DType::kInt32, {1, 1, 28, 28})}}) ==
        ErrorCode::kInvalidArgument);
  CHECK(code({{"image", *Tensor::Allocate(DType::kFloat32, {1, 1, 28, 27})}}) ==
        ErrorCode::kShapeMismatch);
  CHECK(code({{"image", *Tensor::Allocate(DType::kFloat32, {28, 28})}}) ==
        ErrorCode::kShapeMismatch);
  const std::atomic<uint32_t> cancel = 1;
  auto cancelled = loaded.session->Run(std::vector{good}, {.cancel = &cancel, .outputs = {}});
  REQUIRE_FALSE(cancelled.has_value());
  CHECK(cancelled.error().code == ErrorCode::kCancelled);
  CHECK(loaded.session->Run(std::vector{good}).has_value());
}

TEST_CASE("a run that cannot have its memory fails and leaves the session as it was") {
  Loaded loaded = Load(false);
  const NamedTensor good = Feed(Image((*Fixtures().AsArray())[0]), 1);
  const NamedTensor large = Feed(std::vector<float>(16 * 784, 0.5f), 16);
  REQUIRE(loaded.session->Run(std::vector{good}).has_value());
  for (int64_t n = 0; n < 4; ++n) {
    FailBufferAllocationAfter(n);
    auto outputs = loaded.session->Run(std::vector{large});
    FailBufferAllocationAfter(-1);
    if (outputs) continue;
    CHECK(outputs.error().code == ErrorCode::kOutOfMemory);
    CHECK(loaded.session->Run(std::vector{good}).has_value());
  }
}

TEST_CASE("a session that was warmed up has its memory, and gives the same") {
  const std::vector<float> image = Image((*Fixtures().AsArray())[0]);
  Loaded warm = Load(false, 10'000), cold = Load(false);
  CHECK(cold.session->arena_bytes() == 0);
  CHECK(warm.session->arena_bytes() > 0);
  const auto first = warm.session->Run(std::vector{Feed(image, 1)});
  const auto second = cold.session->Run(std::vector{Feed(image, 1)});
  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  CHECK(std::ranges::equal((*first)[0].tensor.bytes(), (*second)[0].tensor.bytes()));
}

}  // namespace
}  // namespace insitu
