// If, Loop and Scan through the runner: what bodies capture, what is carried and stacked, and bad
// bodies and trip counts. The conformance cases cover the rest.
#include "base/limits.h"
#include "exec/graph_runner.h"
#include "ir/text.h"
#include "kernel_fixture.h"
#include "passes/passes.h"
#include "support/evaluate.h"

namespace insitu::test {
namespace {

GraphRunner RunnerOf(std::string_view text) {
  Graph graph = Value(Parse(text));
  PassContext context;
  Check(RunPasses(graph, context));
  Backend* const backends[] = {&Xnn(1), &Own()};
  return GraphRunner(Value(Program::Build(std::move(graph), backends)));
}

Tensor Floats(Dims dims, std::vector<float> values) {
  return Value(Tensor::From<float>(std::move(dims), values));
}
Tensor Bool(bool value) {
  Tensor tensor = Value(Tensor::Allocate(DType::kBool, {}));
  *tensor.As<bool>().data() = value;
  return tensor;
}
Tensor Long(int64_t value) { return Value(Tensor::From<int64_t>({}, std::span(&value, 1))); }

constexpr const char* kIf = R"(graph g {
  input c: bool[]
  input x: float32[n]
  const two: float32[] = [2]
  t = Neg(x)
  y = If(c, x, t, two) {formal_inputs=1,
    then_branch=graph a {
      input x: float32[n]
      input t: float32[n]
      input two: float32[]
      r = Mul(t, two)
      output r
    },
    else_branch=graph b {
      input x: float32[n]
      input t: float32[n]
      input two: float32[]
      r = Concat(x, t) {axis=0}
      output r
    }}
  z = Relu(y)
  output z
})";

TEST_CASE("branches capture values and constants, and may differ in extents") {
  GraphRunner runner = RunnerOf(kIf);
  const Tensor x = Floats({2}, {-3, 5});
  CheckClose(Value(runner.Run(std::vector{Bool(true), x}, {}))[0], Floats({2}, {6, 0}));
  CheckClose(Value(runner.Run(std::vector{Bool(false), x}, {}))[0], Floats({4}, {0, 5, 3, 0}));
}

constexpr const char* kLoop = R"(graph g {
  input trips: int64[]
  input on: bool[]
  input x: float32[n]
  input step: float32[n]
  last, all = Loop(trips, on, x, step) {formal_inputs=3,
    body=graph b {
      input i: int64[]
      input go: bool[]
      input value: float32[n]
      input step: float32[n]
      const limit: float32[] = [10]
      next = Add(value, step)
      most = ReduceMax(next) {keepdims=0}
      more = Less(most, limit)
      output more
      output next
      output value
    }}
  output last
  output all
})";

TEST_CASE("a branch that a constant condition excludes need not fit") {
  GraphRunner runner = RunnerOf(R"(graph g {
    input x: float32[5]
    const four: int64[] = [4]
    size = Size(x)
    c = Equal(size, four)
    y = If(c, x) {formal_inputs=1,
      then_branch=graph a {
        input x: float32[5]
        const shape: int64[2] = [2,2]
        r = Reshape(x, shape)
        output r
      },
      else_branch=graph b {
        input x: float32[5]
        r = Neg(x)
        output r
      }}
    output y
  })");
  const Tensor x = Floats({5}, {1, 2, 3, 4, 5});
  CheckClose(Value(runner.Run(std::vector{x}, {}))[0], Floats({5}, {-1, -2, -3, -4, -5}));
}

TEST_CASE("a loop carries values, stacks outputs and stops by count or condition") {
  GraphRunner runner = RunnerOf(kLoop);
  const Tensor x = Floats({1}, {1}), step = Floats({1}, {4});
  const auto run = [&](int64_t trips, bool on) {
    return Value(runner.Run(std::vector{Long(trips), Bool(on), x, step}, {}));
  };
  CheckClose(run(2, true)[0], Floats({1}, {9}));
  CheckClose(run(2, true)[1], Floats({2, 1}, {1, 5}));
  CheckClose(run(100, true)[0], Floats({1}, {13}));
  CheckClose(run(100, true)[1], Floats({3, 1}, {1, 5, 9}));
  CheckClose(run(0, true)[0], x);
  CHECK(run(5, false)[1].dims()[0] == 0);
  const auto refused =
      runner.Run(std::vector{Long(kLargestLimits.max_loop_trips + 1), Bool(true), x, step}, {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::kLimitExceeded);
  const std::atomic<uint32_t> cancel = 1;
  const auto cancelled =
      runner.Run(std::vector{Long(9), Bool(true), x, step}, {.cancel = &cancel, .step_times = {}});
  REQUIRE_FALSE(cancelled.has_value());
  CHECK(cancelled.error().code == ErrorCode::kCancelled);
  const auto late = runner.Run(std::vector{Long(9), Bool(true), x, step},
                               {.cancel = nullptr, .step_times = {}, .deadline_ms = NowMs() - 1});
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == ErrorCode::kCancelled);
  CheckClose(run(1, true)[0], Floats({1}, {5}));
}

TEST_CASE("a scan goes backwards along another axis") {
  GraphRunner runner = RunnerOf(R"(graph g {
    input start: float32[2]
    input x: float32[2,t]
    last, sums = Scan(start, x) {num_scan_inputs=1, scan_input_axes=[1], scan_input_directions=[1],
      scan_output_axes=[-1],
      body=graph b {
        input sum: float32[2]
        input slice: float32[2]
        next = Add(sum, slice)
        out = Identity(next)
        output next
        output out
      }}
    output last
    output sums
  })");
  const auto outputs = Value(
      runner.Run(std::vector{Floats({2}, {0, 100}), Floats({2, 3}, {1, 2, 3, 10, 20, 30})}, {}));
  CheckClose(outputs[0], Floats({2}, {6, 160}));
  CheckClose(outputs[1], Floats({2, 3}, {3, 5, 6, 130, 150, 160}));
}

TEST_CASE("a body that does not fit its operator is refused at load") {
  Graph graph = Value(Parse(R"(graph g {
    input c: bool[]
    y = If(c) {then_branch=graph a {
        const r: float32[] = [1]
        output r
      },
      else_branch=graph b {
        const r: int64[] = [1]
        output r
      }}
    output y
  })"));
  PassContext context;
  const Status status = RunPasses(graph, context);
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().code == ErrorCode::kInvalidModel);
  CHECK(status.error().op == "If");
}

}  // namespace
}  // namespace insitu::test
