// Random graphs through passes and backends against the reference, node by node: floats to
// rounding, and quantized ones bit for bit once the passes have made them integers. Time-boxed;
// seeds are printed by a failure, and INSITU_SEED starts elsewhere.
#include <chrono>
#include <cstdlib>

#include "exec/graph_runner.h"
#include "ir/text.h"
#include "passes/passes.h"
#include "plan/assign.h"
#include "random_graph.h"
#include "session/runtime.h"
#include "support/evaluate.h"
#include "support/written.h"

namespace insitu::test {
namespace {

constexpr double kSeconds = 8;  // for each kind of graph

uint32_t FirstSeed() {
  const char* given = std::getenv("INSITU_SEED");
  return given ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : 1;
}

template <class Visit>
void ForSeeds(Visit visit) {
  const auto start = std::chrono::steady_clock::now();
  uint32_t seed = FirstSeed();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  int64_t count = 0;
  for (; elapsed() < kSeconds && count < 400; ++seed, ++count) visit(seed);
  INFO(count << " graphs");
  CHECK(count > 10);
}

struct Optimised {
  Graph before, after;
};

Optimised Optimise(const std::string& text, std::span<Backend* const> backends) {
  Optimised graphs{Value(Parse(text)), {}};
  Check(InferShapes(graphs.before));
  graphs.after = graphs.before;
  PassContext context;
  context.wants_channels_last = [backends](const Graph& graph, const Node& node) {
    return WantsChannelsLast(graph, node, backends);
  };
  Check(RunPasses(graphs.after, context));
  return graphs;
}

// By the program, or by the one that is restored from it.
std::vector<Tensor> RunOnBackends(const Graph& graph, const Feeds& feeds,
                                  std::span<Backend* const> backends, bool restored) {
  Archive kept;
  Program program = Value(Program::Build(graph, backends, &kept));
  if (restored) {
    Archive read = Value(Opened(Written(kept)));
    program = Value(Program::Restore(read, backends));
  }
  GraphRunner runner(std::move(program));
  std::vector<Tensor> inputs;
  for (ValueId id : graph.inputs) inputs.push_back(feeds.at(graph.value(id).name));
  return Value(runner.Run(inputs, {}));
}

TEST_CASE("random float graphs give the reference's results") {
  const auto runtime = Value(Runtime::Create(1));
  ForSeeds([&](uint32_t seed) {
    const std::string text = RandomGraph(seed, false).Text();
    INFO("seed " << seed << "\n" << text);
    const auto [before, after] = Optimise(text, runtime->backends());
    const Feeds feeds = RandomFeeds(before, seed);
    const auto got = RunOnBackends(after, feeds, runtime->backends(), seed % 2 == 0);
    const auto want = Value(Evaluate(before, feeds));
    REQUIRE(got.size() == want.size());
    for (size_t i = 0; i < got.size(); ++i) CheckClose(got[i], want[i], 2e-4);
  });
}

TEST_CASE("random quantized graphs give the same bits on backends and reference") {
  const auto runtime = Value(Runtime::Create(1));
  int64_t nodes = 0, floats = 0;
  ForSeeds([&](uint32_t seed) {
    const std::string text = RandomGraph(seed, true).Text();
    INFO("seed " << seed << "\n" << text);
    const auto [before, after] = Optimise(text, runtime->backends());
    INFO(Print(after));
    const Feeds feeds = RandomFeeds(before, seed);
    const auto got = RunOnBackends(after, feeds, runtime->backends(), seed % 2 == 0);
    const auto want = Value(Evaluate(after, feeds));
    REQUIRE(got.size() == want.size());
    for (size_t i = 0; i < got.size(); ++i) CheckClose(got[i], want[i]);
    for (NodeId id : after.Order()) {
      ++nodes;
      floats += after.node(id).Is("DequantizeLinear");
    }
  });
  INFO(floats << " of " << nodes << " nodes dequantize");
  CHECK(floats * 10 < nodes);
}

}  // namespace
}  // namespace insitu::test
