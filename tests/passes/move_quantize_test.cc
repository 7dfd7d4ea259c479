// HoistQuantize, and ConvTranspose as a convolution with DepthToSpace, in floats and integers.
#include "qdq_check.h"

namespace insitu::test {
namespace {

struct Layer {
  const char *input, *weights, *attributes;
};

constexpr Layer kLayers[] = {
    {"[1,3,4,5]", "[3,2,3,3]", "{strides=[2,2]}"},
    {"[2,3,4,5]", "[3,2,2,2]", "{strides=[2,2]}"},
    {"[1,3,4,5]", "[3,2,4,4]", "{strides=[2,2], pads=[1,1,1,1]}"},
    {"[1,3,4,5]", "[3,2,3,3]", "{strides=[2,2], pads=[1,1,1,1], output_padding=[1,1]}"},
    {"[1,4,4,5]", "[4,3,3,3]", "{strides=[2,2], group=2, pads=[0,1,1,0]}"},
    {"[1,2,3,3]", "[2,2,3,5]", "{strides=[3,3]}"},
    {"[1,2,3,3]", "[2,2,2,2]", "{strides=[3,3]}"},
    {"[1,2,5,6]", "[2,3,3,3]", "{pads=[1,1,1,1]}"},
};

TEST_CASE("ConvTranspose becomes a convolution whose filters interleave") {
  for (const Layer& layer : kLayers) {
    CAPTURE(layer.input, layer.weights, layer.attributes);
    const std::string filters(1, layer.weights[3]);
    const std::string attributes = layer.attributes;
    const std::string channels =
        attributes.contains("group=2") ? std::to_string(2 * (filters[0] - '0')) : filters;
    const Graph graph = ApplyPass(
        ExpandConvTranspose,
        "graph g {\n input x: float32" + std::string(layer.input) + "\n const w: float32" +
            layer.weights + " = random(3)\n const b: float32[" + channels +
            "] = random(4)\n y = ConvTranspose(x, w, b) " + attributes + "\n output y\n}");
    CHECK(Ops(graph) == "Conv, DepthToSpace, Slice");
  }
}

TEST_CASE("What has two strides, dilations or weights of the run is no convolution") {
  const std::string head =
      "graph g {\n input x: float32[1,3,4,5]\n const w: float32[3,2,3,3] = random(3)\n";
  CHECK(Ops(ApplyPass(ExpandConvTranspose,
                      head + "y = ConvTranspose(x, w) {strides=[2,1]}\n output y\n}")) ==
        "ConvTranspose");
  CHECK(Ops(ApplyPass(ExpandConvTranspose,
                      head + "y = ConvTranspose(x, w) {dilations=[2,2]}\n output y\n}")) ==
        "ConvTranspose");
  CHECK(Ops(ApplyPass(ExpandConvTranspose, R"(graph g {
    input x: float32[1,3,4,5]
    input w: float32[3,2,3,3]
    y = ConvTranspose(x, w)
    output y
  })")) == "ConvTranspose");
}

// A graph through the passes in front of FuseQdq as well.
Fused Prepared(const std::string& text) {
  Fused fused{Value(Parse(text)), {}, {}, false};
  Check(InferShapes(fused.before));
  fused.after = fused.before;
  PassContext context;
  context.absorbed = &fused.absorbed;
  for (PassFn pass : {ExpandConvTranspose, SinkDequantize, HoistQuantize, FoldConstants, FuseQdq}) {
    fused.changed = Value(pass(fused.after, context)) || fused.changed;
    Check(Verify(fused.after));
    Check(InferShapes(fused.after));
  }
  return fused;
}

const std::string kQuantized = R"(graph g {
  input x: uint8[1,3,4,4]
  const sx: float32[] = [0.5]
  const zx: uint8[] = [100]
  const w: int8[3,2,3,3] = random(5)
  const sw: float32[2] = [0.25,0.125]
  const zw: int8[2] = [0,0]
  const b: int32[2] = [40,-300]
  const sb: float32[2] = [0.125,0.0625]
  const sy: float32[] = [4]
  const zy: uint8[] = [20]
  const shape: int64[2] = [1,-1]
  xf = DequantizeLinear(x, sx, zx)
)";

TEST_CASE("A quantized ConvTranspose runs as integers, its Relu and reshaping included") {
  const Fused fused = Prepared(kQuantized + R"(
    wf = DequantizeLinear(w, sw, zw) {axis=1}
    bf = DequantizeLinear(b, sb) {axis=0}
    c = ConvTranspose(xf, wf, bf) {strides=[2,2]}
    r = Relu(c)
    f = Reshape(r, shape)
    y = QuantizeLinear(f, sy, zy)
    output y
  })");
  CHECK(Ops(fused.after) == "QLinearConv, DepthToSpace, Slice, Reshape");
  CheckWithinSteps(fused, 0);
}

TEST_CASE("A QuantizeLinear goes in front of movers, down to what it quantizes") {
  const std::string conv = R"(
    const k: int8[2,3,1,1] = random(6)
    const sk: float32[] = [0.25]
    kf = DequantizeLinear(k, sk)
    c = Conv(xf, kf)
)";
  const Fused pooled = Prepared(kQuantized + conv + R"(
    m = MaxPool(c) {kernel_shape=[2,2]}
    t = Transpose(m) {perm=[0,2,3,1]}
    y = QuantizeLinear(t, sy, zy)
    output y
  })");
  CHECK(Ops(pooled.after) == "QLinearConv, MaxPool, Transpose");
  CheckWithinSteps(pooled, 0);
  const Fused shared = Prepared(kQuantized + conv + R"(
    m = MaxPool(c) {kernel_shape=[2,2]}
    y = QuantizeLinear(m, sy, zy)
    output y
    output c
  })");
  CHECK(Ops(shared.after).find("QLinearConv") == std::string::npos);
}

}  // namespace
}  // namespace insitu::test
