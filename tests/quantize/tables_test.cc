// QuantizeTables: rows within the steps of their codes, in fewer bytes; a table that something else
// reads as floats stays.
#include "quantize/tables.h"

#include "quantized_check.h"

namespace insitu::test {
namespace {

constexpr const char* kModel = R"(graph g {
  input ids: int64[batch,length]
  const table: float32[40,48] = random(1)
  const scale: float32[48] = random(2)
  rows = Gather(table, ids) "look up"
  y = Mul(rows, scale) "scaled"
  output y
})";

// Columns of the table have magnitudes of their own.
Graph Model() {
  return WithMapped(Read(kModel), "table",
                    [](size_t i, float v) { return v * static_cast<float>(1 + i % 48); });
}

Feeds Ids(const std::vector<int64_t>& ids) {
  return {{"ids", Value(Tensor::From<int64_t>({1, static_cast<int64_t>(ids.size())},
                                              std::span<const int64_t>(ids)))}};
}

// How far the rows of these tables are apart: the largest difference over `step` of the column.
double Farthest(const Graph& before, const Graph& after,
                const std::function<double(size_t)>& step) {
  std::vector<int64_t> all(40);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
  const Feeds feeds = Ids(all);
  const Tensor want = Value(Evaluate(before, feeds))[0], got = OnEngine(after, feeds);
  CheckClose(got, Value(Evaluate(after, feeds))[0]);
  const auto scale = before.Constant(Named(before, "scale"))->As<float>();
  double farthest = 0;
  for (size_t i = 0; i < want.As<float>().size(); ++i)
    farthest = std::max(farthest, std::abs(double{want.As<float>()[i]} - got.As<float>()[i]) /
                                      std::abs(scale[i % 48]) / step(i % 48));
  CHECK(farthest > 0);
  return farthest;
}

Graph ChangedOne(const Graph& before, const QuantizeOptions& options) {
  Graph after = before;
  CHECK(Value(QuantizeTables(after, options)) == 1);
  Check(Verify(after));
  return after;
}

TEST_CASE("rows are within half a step of their columns") {
  const Graph before = Model();
  QuantizeOptions options;
  options.to = QuantizeTo::kDynamicInt8;
  const Graph after = ChangedOne(before, options);
  CHECK(Ops(after) == "Gather, DequantizeLinear, Mul");
  CHECK(after.node(after.Order()[0]).name == "look up");
  // Of random(1) no number is larger than 1.
  CHECK(Farthest(before, after, [](size_t c) { return (1.0 + c) / 127; }) <= 0.501);
  options.per_channel = false;
  const Graph coarse = ChangedOne(before, options);
  CHECK(Farthest(before, coarse, [](size_t) { return 48.0 / 127; }) <= 0.501);
  CHECK(AsFile(after).bytes.size() * 3 < AsFile(before).bytes.size());
}

TEST_CASE("rows are within the steps of their blocks") {
  QuantizeOptions options;
  options.to = QuantizeTo::kBlocks;
  options.block_size = 16;
  const Graph before = Model();
  const Graph after = ChangedOne(before, options);
  CHECK(Ops(after) == "GatherBlockQuantized, Mul");
  CHECK(after.node(after.Order()[0]).inputs.size() == 4);
  // As for products: the root of the error of a block, which a single number can be off by, is at
  // most that of all being off by a step.
  const auto most = [](size_t c) { return 2.0 * (c / 16 + 1) * 16 / 15 * std::sqrt(16); };
  CHECK(Farthest(before, after, most) <= 1);

  // Numbers that are codes need no zero points, and come out as they are.
  const Graph codes = WithMapped(Model(), "table", [](size_t i, float) {
    return i % 16 == 0 ? -2.0F : 0.25F * static_cast<float>(i * 7 % 16) - 2;
  });
  const Graph exact = ChangedOne(codes, options);
  CHECK(exact.node(exact.Order()[0]).inputs.size() == 3);
  const Feeds feeds = Ids({3, 39, 0});
  CheckClose(OnEngine(exact, feeds), Value(Evaluate(codes, feeds))[0], 0);
}

TEST_CASE("blocks that do not fill a row, or are of 8 bits, are bytes instead") {
  QuantizeOptions options;
  options.to = QuantizeTo::kBlocks;
  CHECK(Ops(ChangedOne(Model(), options)) == "Gather, DequantizeLinear, Mul");
  options.block_size = 16;
  options.bits = 8;
  CHECK(Ops(ChangedOne(Model(), options)) == "Gather, DequantizeLinear, Mul");
}

TEST_CASE("what is excluded or read as floats stays") {
  Graph graph = Model();
  QuantizeOptions options;
  options.exclude_nodes = {"look up"};
  CHECK(Value(QuantizeTables(graph, options)) == 0);
  options = {};
  options.exclude_ops = {"Gather"};
  CHECK(Value(QuantizeTables(graph, options)) == 0);
  const std::vector<std::pair<const char*, int64_t>> readers = {
      {"z = Gather(table, ids) {axis=1}", 0},
      {"z = Gather(table, ids)\n output table", 0},
      {"z = Add(table, table)", 0},
      {"z = MatMul(x, table)", 1},  // a layer that the caller has left in float
      {"z = Gather(table, ids) \"look up\"", 1}};
  options = {};
  options.exclude_nodes = {"look up"};
  for (const auto& [line, changed] : readers) {
    INFO(line);
    Graph shared = Read(std::string(R"(graph g {
  input ids: int64[2]
  input x: float32[1,40]
  const table: float32[40,48] = random(1)
  y = Gather(table, ids)
  )") + line + "\n output y\n output z\n}");
    CHECK(Value(QuantizeTables(shared, options)) == changed);
  }
}

}  // namespace
}  // namespace insitu::test
