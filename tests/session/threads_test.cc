// Sessions with a pool of threads: the bits of one thread, stopped from outside, and several
// engines in one process. ThreadSanitizer is run over these and over tests/exec.
#include "support/places.h"

#if !defined(__EMSCRIPTEN__) || defined(__EMSCRIPTEN_PTHREADS__)
#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <thread>
#include <vector>

#include "exec/graph_runner.h"
#include "ir/text.h"
#include "passes/passes.h"
#include "plan/assign.h"
#include "random_graph.h"
#include "session/runtime.h"
#include "support/evaluate.h"
#include "tools/onnx_case.h"

namespace insitu::test {
namespace {

constexpr int kThreads = 4;
constexpr int64_t kLarge = 4;  // times as wide as other random graphs: enough for several threads

std::vector<Tensor> RunWith(Runtime& runtime, const std::string& text, uint32_t seed) {
  Graph graph = Value(Parse(text));
  Check(InferShapes(graph));
  const Feeds feeds = RandomFeeds(graph, seed);
  PassContext context;
  context.wants_channels_last = [&](const Graph& of, const Node& node) {
    return WantsChannelsLast(of, node, runtime.backends());
  };
  Check(RunPasses(graph, context));
  GraphRunner runner(Value(Program::Build(graph, runtime.backends())));
  std::vector<Tensor> inputs;
  for (ValueId id : graph.inputs) inputs.push_back(feeds.at(graph.value(id).name));
  std::vector<Tensor> first = Value(runner.Run(inputs, {}));
  for (int again = 0; again < 4; ++again) {
    const std::vector<Tensor> outputs = Value(runner.Run(inputs, {}));
    for (size_t i = 0; i < outputs.size(); ++i)
      CHECK(std::ranges::equal(outputs[i].bytes(), first[i].bytes()));
  }
  return first;
}

void CheckFourThreads(bool quantized) {
  const auto one = Value(Runtime::Create(1)), four = Value(Runtime::Create(kThreads));
  for (uint32_t seed = 1; seed <= 30; ++seed) {
    const std::string text = RandomGraph(seed, quantized, kLarge).Text();
    INFO("seed " << seed << "\n" << text);
    const auto got = RunWith(*four, text, seed), want = RunWith(*one, text, seed);
    REQUIRE(got.size() == want.size());
    for (size_t i = 0; i < got.size(); ++i) CheckClose(got[i], want[i], 1e-5);
  }
}

TEST_CASE("large random float graphs give with four threads what they give with one") {
  CheckFourThreads(false);
}

TEST_CASE("large random quantized graphs give the same bits with four threads as with one") {
  CheckFourThreads(true);
}

ModelBytes Handwriting() {
  return Value(ReadFile(ProjectDir() + "/models/handwriting/handwriting_int8.onnx"));
}

NamedTensor Images(uint32_t seed, int64_t batch) {
  std::mt19937 rng(seed);
  Tensor image = Value(Tensor::Allocate(DType::kFloat32, {batch, 1, 28, 28}));
  for (float& ink : image.As<float>()) ink = std::uniform_real_distribution<float>(0, 1)(rng);
  return {"image", std::move(image)};
}

TEST_CASE("a run that is stopped by another thread is Cancelled, and the next one is right") {
  const auto runtime = Value(Runtime::Create(kThreads));
  const auto session = Value(Session::Load(Handwriting(), {}, *runtime));
  const std::vector feeds{Images(1, 64)};
  const auto want = Value(session->Run(feeds));
  std::atomic<uint32_t> cancel = 0;
  std::atomic<bool> over = false;
  std::thread stopper([&] {
    while (!over) {
      std::this_thread::sleep_for(std::chrono::microseconds(700));
      cancel.store(1);
    }
  });
  int stopped = 0, finished = 0;
  while (stopped < 20 || finished < 20) {
    const bool stoppable = stopped < 20;
    cancel.store(0);
    const auto got = session->Run(feeds, {.cancel = stoppable ? &cancel : nullptr, .outputs = {}});
    if (got) {
      ++finished;
      CHECK(std::ranges::equal((*got)[0].tensor.bytes(), want[0].tensor.bytes()));
    } else {
      ++stopped;
      CHECK(got.error().code == ErrorCode::kCancelled);
    }
  }
  over = true;
  stopper.join();
}

// Each engine answers `runs` requests of random batches; the bytes of all answers.
std::vector<std::byte> Answers(const ModelBytes& model, uint32_t seed, int runs) {
  auto runtime = Runtime::Create(2).value();
  auto session = Session::Load(model, {}, *runtime).value();
  std::vector<std::byte> bytes;
  for (int i = 0; i < runs; ++i) {
    const uint32_t number = seed * 1000 + static_cast<uint32_t>(i);
    const auto outputs = session->Run(std::vector{Images(number, 1 + number % 9)}).value();
    std::ranges::copy(outputs[0].tensor.bytes(), std::back_inserter(bytes));
  }
  return bytes;
}

TEST_CASE("engines on threads of their own answer as they do alone") {
  const ModelBytes model = Handwriting();
  constexpr uint32_t kEngines = 4;
  constexpr int kRuns = 50;
  std::vector<std::vector<std::byte>> together(kEngines);
  std::vector<std::thread> engines;
  for (uint32_t i = 0; i < kEngines; ++i)
    engines.emplace_back([&, i] { together[i] = Answers(model, i, kRuns); });
  for (std::thread& engine : engines) engine.join();
  for (uint32_t i = 0; i < kEngines; ++i) CHECK(together[i] == Answers(model, i, kRuns));
}

}  // namespace
}  // namespace insitu::test
#endif
