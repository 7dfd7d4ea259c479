// Streams on a model that adds what it is fed to what it was fed before, written here field by
// field.
#include "session/stream.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "session/runtime.h"

namespace insitu {
namespace {

// Fields of protobuf messages, all shorter than 128 bytes but the graph.
std::string Number(int field, int value) {
  return {static_cast<char>(field << 3), static_cast<char>(value)};
}

std::string Text(int field, const std::string& bytes) {
  std::string length;
  for (size_t rest = bytes.size();; rest >>= 7) {
    length += static_cast<char>((rest & 127) | (rest > 127 ? 128 : 0));
    if (rest <= 127) break;
  }
  return static_cast<char>(field << 3 | 2) + length + bytes;
}

std::string Node(const std::string& op, const std::vector<std::string>& inputs,
                 const std::string& output) {
  std::string node;
  for (const std::string& input : inputs) node += Text(1, input);
  return Text(1, node + Text(2, output) + Text(4, op));
}

constexpr int kFloat = 1, kInt64 = 7;

// `field` 11 is an input, 12 an output; an extent of 0 is left open.
std::string End(int field, const std::string& name, int dtype, const std::vector<int>& dims) {
  std::string shape;
  for (size_t i = 0; i < dims.size(); ++i)
    shape += Text(1, dims[i] > 0 ? Number(1, dims[i]) : Text(2, name + std::to_string(i)));
  return Text(field, Text(1, name) + Text(2, Text(1, Number(1, dtype) + Text(2, shape))));
}

// sum = x + past, kept = sum; all = Concat(history, x).
std::string Model() {
  const std::string concat =
      Text(1, Text(1, "history") + Text(1, "x") + Text(2, "all") + Text(4, "Concat") +
                  Text(5, Text(1, "axis") + Number(3, 1) + std::string("\xa0\x01\x02", 3)));
  const std::string graph = Node("Add", {"x", "past"}, "sum") + Node("Identity", {"sum"}, "kept") +
                            concat + Text(2, "g") + End(11, "x", kFloat, {1, 2}) +
                            End(11, "past", kFloat, {1, 2}) + End(11, "history", kFloat, {0, 0}) +
                            End(11, "count", kInt64, {1}) + Node("Identity", {"count"}, "counted") +
                            End(12, "sum", kFloat, {1, 2}) + End(12, "kept", kFloat, {1, 2}) +
                            End(12, "all", kFloat, {0, 0}) + End(12, "counted", kInt64, {1});
  return Number(1, 8) + Text(7, graph) + Text(8, Number(2, 17));
}

struct Loaded {
  std::unique_ptr<Runtime> runtime;
  std::unique_ptr<Session> session;
};

Loaded Load() {
  auto runtime = Runtime::Create(1);
  REQUIRE(runtime);
  const auto bytes = std::make_shared<std::string>(Model());
  auto session = Session::Load({std::as_bytes(std::span(*bytes)), bytes}, {}, **runtime);
  if (!session) FAIL(ToString(session.error()));
  return {*std::move(runtime), *std::move(session)};
}

NamedTensor Floats(const std::string& name, Dims dims, std::vector<float> values) {
  return {name, *Tensor::From<float>(std::move(dims), values)};
}

NamedTensor Count() {
  const int64_t one = 1;
  return {"count", *Tensor::From<int64_t>({1}, std::span(&one, 1))};
}

std::vector<float> Values(const NamedTensor& tensor) {
  const auto values = tensor.tensor.View().As<float>();
  return {values.begin(), values.end()};
}

const std::vector<StateLink> kLinks{{"past", "kept"}, {"history", "all"}};

}  // namespace

TEST_CASE("State goes from run to run, and only other outputs are given") {
  const Loaded loaded = Load();
  auto stream = Stream::Open(*loaded.session, kLinks, {});
  REQUIRE(stream);
  float expected = 0;
  for (const float value : {1.0f, 2.0f, 4.0f}) {
    expected += value;
    const std::vector<NamedTensor> feeds{Floats("x", {1, 2}, {value, 0}), Count()};
    auto results = stream->Run(*loaded.session, feeds, {});
    REQUIRE(results);
    REQUIRE(results->size() == 2);
    CHECK((*results)[0].name == "sum");
    CHECK(Values((*results)[0]) == std::vector<float>{expected, 0});
    CHECK((*results)[1].name == "counted");
  }
  // What has grown along an open extent, asked for by name.
  const std::vector<NamedTensor> feeds{Floats("x", {1, 2}, {8, 0}), Count()};
  auto results = stream->Run(*loaded.session, feeds, {.outputs = {"all"}});
  REQUIRE(results);
  REQUIRE(results->size() == 1);
  CHECK(Values((*results)[0]) == std::vector<float>{1, 0, 2, 0, 4, 0, 8, 0});

  stream->Reset();
  results = stream->Run(*loaded.session, feeds, {.outputs = {"sum"}});
  REQUIRE(results);
  CHECK(Values((*results)[0]) == std::vector<float>{8, 0});
}

TEST_CASE("A run that fails leaves the state; a first state may be given") {
  const Loaded loaded = Load();
  const std::vector<NamedTensor> initial{Floats("past", {1, 2}, {10, 20})};
  auto stream = Stream::Open(*loaded.session, kLinks, initial);
  REQUIRE(stream);
  const std::vector<NamedTensor> bad{Floats("x", {1, 3}, {1, 2, 3}), Count()},
      good{Floats("x", {1, 2}, {1, 2}), Count()};
  CHECK(stream->Run(*loaded.session, bad, {}).error().code == ErrorCode::kShapeMismatch);
  for (const float past : {0.0f, 1.0f}) {
    auto results = stream->Run(*loaded.session, good, {});
    REQUIRE(results);
    CHECK(Values(results->front()) == std::vector<float>{11 + past, 22 + 2 * past});
  }
}

TEST_CASE("A run is undone, but not the one before it") {
  const Loaded loaded = Load();
  auto stream = Stream::Open(*loaded.session, kLinks, {});
  REQUIRE(stream);
  const std::vector<NamedTensor> feeds{Floats("x", {1, 2}, {1, 2}), Count()};
  const auto first = [&] {
    auto results = stream->Run(*loaded.session, feeds, {});
    REQUIRE(results);
    return Values(results->front()).front();
  };
  CHECK(first() == 1);
  CHECK(first() == 2);
  stream->Undo();
  stream->Undo();
  CHECK(first() == 2);
}

TEST_CASE("Links that cannot be are refused") {
  const Loaded loaded = Load();
  const auto code = [&](std::vector<StateLink> links, std::vector<NamedTensor> initial = {}) {
    const auto stream = Stream::Open(*loaded.session, std::move(links), initial);
    REQUIRE_FALSE(stream);
    return stream.error().code;
  };
  CHECK(code({{"past", "nothing"}}) == ErrorCode::kInvalidArgument);
  CHECK(code({{"nothing", "kept"}}) == ErrorCode::kInvalidArgument);
  CHECK(code({{"past", "counted"}}) == ErrorCode::kInvalidArgument);
  CHECK(code({{"past", "kept"}, {"past", "sum"}}) == ErrorCode::kInvalidArgument);
  CHECK(code({{"past", "kept"}}, {Floats("x", {1, 2}, {1, 2})}) == ErrorCode::kInvalidArgument);
}

}  // namespace insitu
