// RemoveIdentities, FoldConstants and RemoveDeadCode.
#include "passes/pass_check.h"

namespace insitu::test {

TEST_CASE("what changes nothing is removed", "[passes]") {
  const Graph graph = ApplyPass(RemoveIdentities, R"(graph g {
    input x: float32[n,3,4]
    const shape: int64[3] = [0,3,4]
    const pads: int64[6] = [0,0,0,0,0,0]
    const starts: int64[1] = [0]
    const ends: int64[1] = [9223372036854775807]
    const axes: int64[1] = [1]
    a = Identity(x)
    b = Cast(a) {to=1}
    c = Transpose(b) {perm=[0,1,2]}
    d = Pad(c, pads)
    e = Slice(d, starts, ends, axes)
    f = Reshape(e, shape)
    h = Dropout(f)
    i = Concat(h) {axis=1}
    j = Sum(i)
    y = Relu(j)
    output y
  })");
  CHECK(Ops(graph) == "Relu");
  CHECK(graph.node(graph.Order()[0]).inputs[0] == graph.inputs[0]);
}

TEST_CASE("what changes something stays", "[passes]") {
  const Graph graph = ApplyPass(RemoveIdentities, R"(graph g {
    input x: float32[n,3,4]
    const starts: int64[1] = [-1]
    const ends: int64[1] = [-9223372036854775807]
    const axes: int64[1] = [1]
    const steps: int64[1] = [-1]
    const shape: int64[2] = [-1,4]
    const pads: int64[6] = [0,0,0,0,1,-1]
    a = Slice(x, starts, ends, axes, steps)
    b = Pad(a, pads)
    c = Cast(b) {to=11}
    d = Reshape(c, shape)
    y = Transpose(d)
    output y
  })");
  CHECK(Ops(graph) == "Slice, Pad, Cast, Reshape, Transpose");
}

TEST_CASE("an Identity between an input and an output stays", "[passes]") {
  const Graph graph = ApplyPass(RemoveIdentities, R"(graph g {
    input x: float32[2]
    y = Identity(x)
    z = Identity(y)
    output y
    output z
  })");
  CHECK(Ops(graph) == "Identity, Identity");
}

TEST_CASE("two Transposes merge", "[passes]") {
  const Graph graph = ApplyPass(RemoveIdentities, R"(graph g {
    input x: float32[2,3,4]
    a = Transpose(x) {perm=[1,2,0]}
    b = Transpose(a) {perm=[2,0,1]}
    c = Transpose(a) {perm=[1,2,0]}
    y = Relu(b)
    z = Relu(c)
    output y
    output z
  })");
  CHECK(Ops(graph) == "Transpose, Transpose, Relu, Relu");  // the first is dead, not removed here
  Graph cleaned = graph;
  PassContext context;
  CHECK(Value(RemoveDeadCode(cleaned, context)));
  CHECK(Ops(cleaned) == "Transpose, Relu, Relu");
}

TEST_CASE("constants are computed at load", "[passes]") {
  const Graph graph = ApplyPass(FoldConstants, R"(graph g {
    input x: float32[2,3]
    const a: float32[3] = [1,2,3]
    const b: float32[3] = [10,20,30]
    c = Add(a, b)
    d = Neg(c)
    y = Mul(x, d)
    output y
  })");
  CHECK(Ops(graph) == "Mul");
  const Tensor* folded = graph.Constant(graph.node(graph.Order()[0]).inputs[1]);
  REQUIRE(folded);
  CheckClose(*folded, Floats({3}, {-11, -22, -33}), 0);
}

TEST_CASE("a Shape whose elements are known becomes a constant", "[passes]") {
  const Graph graph = ApplyPass(FoldConstants, R"(graph g {
    input x: float32[n,3,4]
    const axes: int64[1] = [0]
    s = Shape(x) {start=1}
    t = Cast(s) {to=6}
    n = Shape(x) {start=0, end=1}
    output t
    output n
  })");
  CHECK(Ops(graph) == "Shape");
  CheckClose(*graph.Constant(graph.outputs[0]), Make<int32_t>({2}, {3, 4}));
}

TEST_CASE("constant QDQ is folded in the last round alone", "[passes]") {
  const char* text = R"(graph g {
    input x: float32[2]
    const w: int8[2] = [1,-2]
    const s: float32[] = [0.5]
    const z: int8[] = [0]
    d = DequantizeLinear(w, s, z)
    y = Add(x, d)
    output y
  })";
  CHECK(Ops(ApplyPass(FoldConstants, text)) == "DequantizeLinear, Add");
  PassContext last;
  last.fold_dequantize = true;
  CHECK(Ops(ApplyPass(FoldConstants, text, last)) == "Add");
}

TEST_CASE("folding does not blow up the model", "[passes]") {
  PassContext context;
  context.max_folded_bytes = 64;
  CHECK(Ops(ApplyPass(FoldConstants, R"(graph g {
    const shape: int64[1] = [100]
    c = ConstantOfShape(shape)
    output c
  })",
                      context)) == "ConstantOfShape");
}

TEST_CASE("a constant that cannot be computed is an error with its place", "[passes]") {
  Graph graph = Value(Parse(R"(graph g {
    const data: float32[2] = [1,2]
    const index: int64[1] = [7]
    y = Gather(data, index) "picker"
    output y
  })"));
  Check(InferShapes(graph));
  PassContext context;
  const auto result = FoldConstants(graph, context);
  REQUIRE(!result.has_value());
  CHECK(result.error().code == ErrorCode::kInvalidArgument);
  CHECK(result.error().node == "picker");
}

TEST_CASE("dead nodes and constants go", "[passes]") {
  const Graph graph = ApplyPass(RemoveDeadCode, R"(graph g {
    input x: float32[2]
    const w: float32[2] = [1,2]
    a = Add(x, w)
    b = Relu(a)
    y = Neg(x)
    output y
  })");
  CHECK(Ops(graph) == "Neg");
  for (size_t i = 0; i < graph.value_count(); ++i)
    CHECK(!graph.IsConstant(static_cast<ValueId>(i)));
}

}  // namespace insitu::test
