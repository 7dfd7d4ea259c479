// One quantized operator with shapes, pads, scales and zero points that the bytes choose, run on
// the backends and on the reference. Invariant checked: both give the same bits, or both refuse.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exec/graph_runner.h"
#include "fuzz/targets.h"
#include "ir/text.h"
#include "ops/op_def.h"
#include "session/runtime.h"
#include "support/with_limits.h"

namespace insitu::test {
namespace {

constexpr Limits kSmall{
    .max_elements = 1 << 14, .max_tensor_bytes = 1 << 16, .max_arena_bytes = 1 << 22};

// A graph in text form around one node.
class QuantizedCase {
 public:
  explicit QuantizedCase(FuzzedDataProvider& data) : data_(data) {}

  std::string Text() {
    switch (data_.ConsumeIntegralInRange(0, 9)) {
      case 0:
      case 1:
      case 2:
        return Convolution();
      case 3:
        return MatMul();
      case 4:
        return Gemm();
      case 5:
        return Elementwise();
      case 6:
        return Pool();
      case 7:
        return Rounding();
      case 8:
        return Concat();
      default:
        return Integers();
    }
  }

 private:
  int64_t Pick(int64_t low, int64_t high) { return data_.ConsumeIntegralInRange(low, high); }
  std::string Name(char stem) { return std::string(1, stem) + std::to_string(next_++); }
  static std::string Text(const Dims& dims) { return ToString(std::span<const int64_t>(dims)); }
  std::string Byte() { return data_.ConsumeBool() ? "uint8" : "int8"; }

  std::string Input(const std::string& type, const Dims& dims) {
    const std::string name = Name('x');
    head_ += "  input " + name + ": " + type + Text(dims) + "\n";
    return name;
  }
  std::string Constant(const std::string& type, const Dims& dims, const std::string& value) {
    const std::string name = Name('c');
    head_ += "  const " + name + ": " + type + Text(dims) + " = " + value + "\n";
    return name;
  }
  std::string Random(const std::string& type, const Dims& dims) {
    if (Pick(0, 15) == 0)
      return Constant(type, dims, "splat(" + std::to_string(Extreme(type)) + ")");
    return Constant(type, dims, "random(" + std::to_string(Pick(1, 255)) + ")");
  }
  int64_t Extreme(const std::string& type) {
    return type == "int8" ? (data_.ConsumeBool() ? -128 : 127) : data_.ConsumeBool() ? 0 : 255;
  }
  std::string OneScale() {
    constexpr const char* kRare[] = {"0.0", "-1.0", "nan", "inf", "1e-45", "3.4e38", "1e-20"};
    if (Pick(0, 31) == 0) return kRare[Pick(0, 6)];
    return std::to_string(static_cast<double>(Pick(1, 2000)) / 4096.0);
  }
  std::string Scale(int64_t count = 0) {
    std::string list = "[";
    for (int64_t i = 0; i < std::max<int64_t>(count, 1); ++i) list += (i ? "," : "") + OneScale();
    return Constant("float32", count ? Dims{count} : Dims{}, list + "]");
  }
  std::string Zero(const std::string& type, int64_t count = 0) {
    std::string list = "[";
    for (int64_t i = 0; i < std::max<int64_t>(count, 1); ++i)
      list += (i ? "," : "") + std::to_string(type == "int8" ? Pick(-128, 127) : Pick(0, 255));
    return Constant(type, count ? Dims{count} : Dims{}, list + "]");
  }
  // Sometimes another number of channels than there are.
  int64_t Channels(int64_t channels) {
    if (data_.ConsumeBool()) return 0;
    return Pick(0, 31) == 0 ? channels + 1 : channels;
  }
  std::string Graph(const std::string& node) {
    return "graph g {\n" + head_ + "  y = " + node + "\n  output y\n}";
  }
  std::string List(int64_t count, int64_t low, int64_t high) {
    std::string list = "[";
    for (int64_t i = 0; i < count; ++i) list += (i ? "," : "") + std::to_string(Pick(low, high));
    return list + "]";
  }

  std::string Convolution() {
    const int64_t spatial = Pick(0, 7) == 0 ? 1 : 2, groups = Pick(0, 2) == 0 ? Pick(1, 9) : 1;
    const int64_t in = Pick(1, 18), out = groups * Pick(1, 18);
    const bool depthwise = groups > 1 && data_.ConsumeBool();
    const std::string type = Byte(), weight_type = Byte(), result = Byte();
    Dims dims = {Pick(1, 2), groups * (depthwise ? 1 : in)}, kernel = {out, depthwise ? 1 : in};
    for (int64_t i = 0; i < spatial; ++i) {
      dims.push_back(Pick(1, 12));
      kernel.push_back(Pick(1, 5));
    }
    const std::string x = Input(type, dims), w = Random(weight_type, kernel);
    const int64_t per_channel = Channels(out);
    std::string attributes = "group=" + std::to_string(groups);
    if (data_.ConsumeBool()) attributes += ", strides=" + List(spatial, 1, 3);
    if (data_.ConsumeBool()) attributes += ", pads=" + List(2 * spatial, 0, 4);
    if (Pick(0, 3) == 0) attributes += ", dilations=" + List(spatial, 1, 3);
    if (Pick(0, 9) == 0) attributes += ", auto_pad=\"SAME_UPPER\"";
    if (Pick(0, 5) == 0)
      return Graph("ConvInteger(" + x + ", " + w + ", " + Zero(type) + ", " +
                   Zero(weight_type, per_channel) + ") {" + attributes + "}");
    std::string node = "QLinearConv(" + x + ", " + Scale() + ", " + Zero(type) + ", " + w + ", " +
                       Scale(per_channel) + ", " + Zero(weight_type, per_channel) + ", " + Scale() +
                       ", " + Zero(result);
    if (data_.ConsumeBool()) node += ", " + Constant("int32", {out}, "random(7)");
    return Graph(node + ") {" + attributes + "}");
  }

  std::string MatMul() {
    const int64_t rows = Pick(1, 9), depth = Pick(1, 40), columns = Pick(1, 33);
    const std::string type = Byte(), weight_type = Byte(), result = Byte();
    Dims dims = {rows, depth};
    for (int64_t more = Pick(0, 2); more > 0; --more) dims.insert(dims.begin(), Pick(1, 3));
    const bool product = Pick(0, 7) == 0;
    const std::string a = Input(type, dims);
    Dims second = {depth, columns};
    const std::string b = product ? Input(weight_type, second) : Random(weight_type, second);
    const int64_t per_column = Channels(columns);
    return Graph("QLinearMatMul(" + a + ", " + Scale() + ", " + Zero(type) + ", " + b + ", " +
                 Scale(per_column) + ", " + Zero(weight_type, per_column) + ", " + Scale() + ", " +
                 Zero(result) + ")");
  }

  std::string Gemm() {
    const int64_t rows = Pick(1, 9), depth = Pick(1, 40), columns = Pick(1, 33);
    const std::string type = Byte(), weight_type = Byte(), result = Byte();
    const bool flip_a = Pick(0, 7) == 0, flip_b = data_.ConsumeBool();
    const std::string a = Input(type, flip_a ? Dims{depth, rows} : Dims{rows, depth});
    const std::string b = Random(weight_type, flip_b ? Dims{columns, depth} : Dims{depth, columns});
    const int64_t per_column = Channels(columns);
    const std::string c = data_.ConsumeBool() ? Constant("int32", {columns}, "random(3)") : "_";
    return Graph("com.microsoft.QGemm(" + a + ", " + Scale() + ", " + Zero(type) + ", " + b + ", " +
                 Scale(per_column) + ", " + Zero(weight_type, per_column) + ", " + c + ", " +
                 Scale() + ", " + Zero(result) + ") {transA=" + std::to_string(flip_a) +
                 ", transB=" + std::to_string(flip_b) + "}");
  }

  Dims SomeDims() {
    Dims dims;
    for (int64_t rank = Pick(0, 4); rank > 0; --rank) dims.push_back(Pick(1, 7));
    return dims;
  }

  std::string Elementwise() {
    const std::string type = Byte();
    const Dims dims = SomeDims();
    Dims second = dims;
    if (data_.ConsumeBool() && !second.empty()) second.erase(second.begin());
    for (int64_t& extent : second)
      if (Pick(0, 3) == 0) extent = 1;
    const std::string a = Input(type, dims);
    const std::string b = data_.ConsumeBool() ? Input(type, second) : Random(type, second);
    return Graph(std::string("com.microsoft.QLinear") + (data_.ConsumeBool() ? "Add(" : "Mul(") +
                 a + ", " + Scale() + ", " + Zero(type) + ", " + b + ", " + Scale() + ", " +
                 Zero(type) + ", " + Scale() + ", " + Zero(type) + ")");
  }

  std::string Pool() {
    const std::string type = Byte();
    const bool last = data_.ConsumeBool();
    const std::string x = Input(type, {Pick(1, 2), Pick(1, 20), Pick(1, 12), Pick(1, 12)});
    const std::string operands =
        x + ", " + Scale() + ", " + Zero(type) + ", " + Scale() + ", " + Zero(type);
    const std::string layout = "channels_last=" + std::to_string(last);
    if (data_.ConsumeBool())
      return Graph("com.microsoft.QLinearGlobalAveragePool(" + operands + ") {" + layout + "}");
    return Graph("com.microsoft.QLinearAveragePool(" + operands + ") {" + layout +
                 ", kernel_shape=" + List(2, 1, 5) + ", strides=" + List(2, 1, 3) +
                 ", pads=" + List(4, 0, 2) + ", count_include_pad=" + std::to_string(Pick(0, 1)) +
                 ", ceil_mode=" + std::to_string(Pick(0, 1)) + "}");
  }

  std::string Rounding() {
    const std::string type = Byte();
    const Dims dims = SomeDims();
    const int64_t axis = dims.empty() ? 0 : Pick(0, std::ssize(dims) - 1);
    const int64_t count = dims.empty() ? 0 : Channels(dims[static_cast<size_t>(axis)]);
    const std::string suffix = ") {axis=" + std::to_string(axis) + "}";
    if (data_.ConsumeBool())
      return Graph("DequantizeLinear(" + Input(type, dims) + ", " + Scale(count) + ", " +
                   Zero(type, count) + suffix);
    return Graph("QuantizeLinear(" + Input("float32", dims) + ", " + Scale(count) + ", " +
                 Zero(type, count) + suffix);
  }

  std::string Concat() {
    const std::string type = Byte();
    Dims dims = SomeDims();
    if (dims.empty()) dims = {2};
    const int64_t axis = Pick(0, std::ssize(dims) - 1);
    std::string node = "com.microsoft.QLinearConcat(" + Scale() + ", " + Zero(type);
    for (int64_t count = Pick(1, 4); count > 0; --count) {
      dims[static_cast<size_t>(axis)] = Pick(1, 6);
      node += ", " + Input(type, dims) + ", " + Scale() + ", " + Zero(type);
    }
    return Graph(node + ") {axis=" + std::to_string(axis) + "}");
  }

  std::string Integers() {
    const int64_t rows = Pick(1, 9), depth = Pick(1, 40), columns = Pick(1, 33);
    const std::string type = Byte(), weight_type = Byte();
    return Graph("MatMulInteger(" + Input(type, {rows, depth}) + ", " +
                 Random(weight_type, {depth, columns}) + ", " + Zero(type) + ", " +
                 Zero(weight_type, Channels(columns)) + ")");
  }

  FuzzedDataProvider& data_;
  std::string head_;
  int next_ = 0;
};

// Inputs of the graph, of bytes that repeat.
Result<std::vector<Tensor>> Feeds(const Graph& graph, const std::vector<uint8_t>& pattern) {
  std::vector<Tensor> feeds;
  for (ValueId id : graph.inputs) {
    const ValueType& type = graph.value(id).type;
    INSITU_ASSIGN(Tensor tensor, Tensor::Allocate(type.dtype, *KnownDims(*type.shape)));
    const bool reals = type.dtype == DType::kFloat32;
    for (size_t i = 0; i < static_cast<size_t>(tensor.elements()); ++i) {
      const uint8_t byte = pattern[i % pattern.size()];
      if (reals)
        tensor.As<float>()[i] = (static_cast<float>(byte) - 100.0F) / 16.0F;
      else
        tensor.data()[i] = static_cast<std::byte>(byte ^ (i * 37 & 255));
    }
    feeds.push_back(std::move(tensor));
  }
  return feeds;
}

Result<std::vector<Tensor>> RunOn(const Graph& graph, std::span<Backend* const> backends,
                                  std::span<const Tensor> feeds) {
  INSITU_ASSIGN(Program program, Program::Build(graph, backends));
  GraphRunner runner(std::move(program));
  return runner.Run(feeds, {});
}

}  // namespace

void FuzzQuantized(FuzzBytes bytes) {
  const WithLimits limits(kSmall);
  static const std::unique_ptr<Runtime> runtime = *Runtime::Create(1);
  FuzzedDataProvider data(bytes.data(), bytes.size());
  std::vector<uint8_t> pattern = data.ConsumeBytes<uint8_t>(data.ConsumeIntegralInRange(1, 16));
  pattern.push_back(200);
  const std::string text = QuantizedCase(data).Text();
  auto graph = Parse(text);
  if (!graph) return RequireTyped(graph.error());
  if (const auto inferred = InferShapes(*graph); !inferred) return RequireTyped(inferred.error());
  const auto feeds = Feeds(*graph, pattern);
  if (!feeds) return RequireTyped(feeds.error());
  const auto want = RunOn(*graph, {}, *feeds);
  const auto got = RunOn(*graph, runtime->backends(), *feeds);
  if (!want) {
    RequireTyped(want.error());
    Require(!got.has_value(),
            "only the reference refuses: " + ToString(want.error()) + "\n" + text);
    return;
  }
  Require(got.has_value(), got ? "" : "only a backend refuses: " + ToString(got.error()) + text);
  for (size_t i = 0; i < want->size(); ++i) {
    const Tensor &a = (*got)[i], &b = (*want)[i];
    Require(a.dtype() == b.dtype() && a.dims() == b.dims(), "another type or shape\n" + text);
    Require(std::memcmp(a.data(), b.data(), b.size_bytes()) == 0, "other bits\n" + text);
  }
}

}  // namespace insitu::test
