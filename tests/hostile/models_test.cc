// Models made to break an engine, loaded and run: each ends in a typed error that says where, in
// little memory, and the runtime still runs the next model.
#include <functional>
#include <limits>

#include "base/buffer.h"
#include "hostile/load.h"

namespace insitu::test {
namespace {

constexpr int64_t kHuge = int64_t{1} << 40;

struct Hostile {
  std::string what;
  ErrorCode code;
  std::function<void(ModelBuilder&)> build;
};

void Quantize(ModelBuilder& b, onnx::TensorProto scale, onnx::TensorProto zero) {
  b.Input("x", {int64_t{2}})
      .Initializer(std::move(scale))
      .Initializer(std::move(zero))
      .Node("QuantizeLinear", {"x", "s", "z"}, {"y"})
      .Output("y");
}

// An input x that is repeated as often as `repeats` says.
void Repeat(ModelBuilder& b, const std::string& op, std::vector<int64_t> repeats) {
  b.Input("x", {int64_t{2}, int64_t{2}})
      .Initializer(IntTensor("r", std::move(repeats)))
      .Node(op, {"x", "r"}, {"y"})
      .Output("y");
}

const std::vector<Hostile>& AllHostile() {
  static const std::vector<Hostile> all = {
      {"an initializer whose shape lies about its bytes", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         onnx::TensorProto lies = FloatTensor("w", {1000, 1000}, {1, 2, 3});
         b.Input("x", {int64_t{2}}).Initializer(lies).Node("Add", {"x", "w"}, {"y"}).Output("y");
       }},
      {"extents whose product overflows", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) {
         b.Input("x", {kHuge, kHuge, int64_t{4}}).Node("Relu", {"x"}, {"y"}).Output("y");
       }},
      {"an input that is declared larger than memory", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) { b.Input("x", {kHuge}).Node("Relu", {"x"}, {"y"}).Output("y"); }},
      {"a cycle", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         b.Input("x", {int64_t{2}})
             .Node("Add", {"x", "b"}, {"a"})
             .Node("Relu", {"a"}, {"b"})
             .Output("b");
       }},
      {"a node that reads itself", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         b.Input("x", {int64_t{2}}).Node("Add", {"x", "y"}, {"y"}).Output("y");
       }},
      {"two values of one name", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         b.Input("x", {int64_t{2}})
             .Node("Relu", {"x"}, {"y"})
             .Node("Abs", {"x"}, {"y"})
             .Output("y");
       }},
      {"two initializers of one name", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         b.Input("x", {int64_t{1}})
             .Initializer(FloatTensor("w", {1}, {1}))
             .Initializer(FloatTensor("w", {1}, {2}))
             .Node("Add", {"x", "w"}, {"y"})
             .Output("y");
       }},
      {"an attribute of another type", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         b.Input("x", {int64_t{2}}).Node("Softmax", {"x"}, {"y"}).Float("axis", 1).Output("y");
       }},
      {"an attribute that is given twice", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         b.Input("x", {int64_t{2}})
             .Node("Softmax", {"x"}, {"y"})
             .Int("axis", 0)
             .Int("axis", 0)
             .Output("y");
       }},
      {"an axis far outside", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         b.Input("x", {int64_t{2}})
             .Node("Softmax", {"x"}, {"y"})
             .Int("axis", std::numeric_limits<int64_t>::min())
             .Output("y");
       }},
      {"Tile with huge repeats", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) { Repeat(b, "Tile", {kHuge, kHuge}); }},
      {"Tile with negative repeats", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) { Repeat(b, "Tile", {-1, 1}); }},
      {"Expand to a huge shape", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) { Repeat(b, "Expand", {kHuge, 2, 2}); }},
      {"ConstantOfShape of a huge shape", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) {
         b.Initializer(IntTensor("r", {kHuge, kHuge}))
             .Node("ConstantOfShape", {"r"}, {"y"})
             .Output("y");
       }},
      {"Range with billions of steps", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) {
         b.Initializer(Scalar("from", 0))
             .Initializer(Scalar("to", 1e30F))
             .Initializer(Scalar("step", 1e-30F))
             .Node("Range", {"from", "to", "step"}, {"y"})
             .Output("y");
       }},
      {"Pad by more than memory", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) { Repeat(b, "Pad", {0, kHuge, 0, kHuge}); }},
      {"Conv with pads that overflow", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         b.Input("x", {int64_t{1}, int64_t{1}, int64_t{4}, int64_t{4}})
             .Initializer(FloatTensor("w", {1, 1, 1, 1}, {1}))
             .Node("Conv", {"x", "w"}, {"y"})
             .Ints("pads", {kHuge, kHuge, kHuge, kHuge})
             .Output("y");
       }},
      {"Conv with a stride of 0", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         b.Input("x", {int64_t{1}, int64_t{1}, int64_t{4}, int64_t{4}})
             .Initializer(FloatTensor("w", {1, 1, 1, 1}, {1}))
             .Node("Conv", {"x", "w"}, {"y"})
             .Ints("strides", {0, 1})
             .Output("y");
       }},
      {"Conv in 0 groups", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         b.Input("x", {int64_t{1}, int64_t{1}, int64_t{4}, int64_t{4}})
             .Initializer(FloatTensor("w", {1, 1, 1, 1}, {1}))
             .Node("Conv", {"x", "w"}, {"y"})
             .Int("group", 0)
             .Output("y");
       }},
      {"Resize by a huge scale", ErrorCode::kInvalidArgument,
       [](ModelBuilder& b) {
         b.Input("x", {int64_t{1}, int64_t{1}, int64_t{4}, int64_t{4}})
             .Initializer(FloatTensor("scales", {4}, {1, 1, 1e9F, 1e9F}))
             .Node("Resize", {"x", "", "scales"}, {"y"})
             .Output("y");
       }},
      {"Resize to a huge image", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) {
         b.Input("x", {int64_t{1}, int64_t{1}, int64_t{4}, int64_t{4}})
             .Initializer(IntTensor("sizes", {1, 1, kHuge, 4}))
             .Node("Resize", {"x", "", "", "sizes"}, {"y"})
             .Output("y");
       }},
      {"indices beyond the data", ErrorCode::kInvalidArgument,
       [](ModelBuilder& b) {
         b.Input("x", {int64_t{2}})
             .Initializer(IntTensor("i", {5}))
             .Node("Gather", {"x", "i"}, {"y"})
             .Output("y");
       }},
      {"a scale that is not a number", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         Quantize(b, Scalar("s", std::numeric_limits<float>::quiet_NaN()),
                  ByteTensor("z", Proto::UINT8, {}, {3}));
       }},
      {"an infinite scale", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         Quantize(b, Scalar("s", std::numeric_limits<float>::infinity()),
                  ByteTensor("z", Proto::UINT8, {}, {3}));
       }},
      {"a scale of 0", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         Quantize(b, Scalar("s", 0), ByteTensor("z", Proto::UINT8, {}, {3}));
       }},
      {"a zero point out of range", ErrorCode::kInvalidModel,
       [](ModelBuilder& b) {
         Quantize(b, Scalar("s", 0.5F), ByteTensor("z", Proto::UINT8, {}, {300}));
       }},
      {"zero points of another number than scales", ErrorCode::kShapeMismatch,
       [](ModelBuilder& b) {
         Quantize(b, Scalar("s", 0.5F), ByteTensor("z", Proto::UINT8, {3}, {1, 2, 3}));
       }},
      {"a Loop of 2^62 iterations", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) {
         onnx::GraphProto body;
         for (const char* name : {"i", "going", "kept"}) body.add_input()->set_name(name);
         auto* node = body.add_node();
         node->set_op_type("Identity");
         node->add_input("going");
         node->add_output("still");
         for (const char* name : {"still", "kept"}) body.add_output()->set_name(name);
         onnx::TensorProto trips = IntTensor("trips", {int64_t{1} << 62});
         trips.clear_dims();
         b.Input("x", {int64_t{2}})
             .Initializer(trips)
             .Initializer(ByteTensor("on", Proto::BOOL, {}, {1}))
             .Node("Loop", {"trips", "on", "x"}, {"y"});
         *b.Attribute("body", onnx::AttributeProto::GRAPH)->mutable_g() = body;
         b.Output("y");
       }},
      {"functions that call each other", ErrorCode::kUnsupportedOp,
       [](ModelBuilder& b) {
         for (const char* name : {"A", "B"}) {
           auto* function = b.model.add_functions();
           function->set_name(name);
           function->set_domain("own");
           auto* node = function->add_node();
           node->set_op_type(name[0] == 'A' ? "B" : "A");
           node->set_domain("own");
         }
         b.Input("x", {int64_t{2}}).Node("Relu", {"x"}, {"y"}).Output("y");
       }},
      {"strings that double and double", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) {
         b.Initializer(StringTensor("t0", std::string(1000, 'a')));
         for (int i = 0; i < 40; ++i) {
           const std::string from = "t" + std::to_string(i);
           b.Node("StringConcat", {from, from}, {"t" + std::to_string(i + 1)});
         }
         b.Output("t40");
       }},
      {"millions of strings", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) {
         b.Initializer(StringTensor("t", "word"))
             .Initializer(IntTensor("r", {int64_t{1} << 30}))
             .Node("Tile", {"t", "r"}, {"y"})
             .Output("y");
       }},
      {"a default string that is given to millions", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) {
         b.model.add_opset_import()->set_domain("ai.onnx.ml");
         b.model.mutable_opset_import(1)->set_version(2);
         b.Initializer(IntTensor("dims", {int64_t{1} << 21}))
             .Node("ConstantOfShape", {"dims"}, {"keys"})
             .Node("LabelEncoder", {"keys"}, {"y"});
         b.last().set_domain("ai.onnx.ml");
         b.Floats("keys_floats", {1});
         auto* words = b.Attribute("values_strings", onnx::AttributeProto::STRINGS);
         words->add_strings("one");
         b.Text("default_string", std::string(100'000, 'a')).Output("y");
       }},
      {"a sequence of millions of tensors without elements", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) {
         b.Initializer(IntTensor("dims", {int64_t{1} << 28, 0}))
             .Node("ConstantOfShape", {"dims"}, {"x"})
             .Node("SplitToSequence", {"x"}, {"parts"})
             .Node("SequenceLength", {"parts"}, {"y"})
             .Output("y");
       }},
      {"a Scan over billions of slices without elements", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) {
         onnx::GraphProto body;
         body.add_input()->set_name("slice");
         auto* node = body.add_node();
         node->set_op_type("Identity");
         node->add_input("slice");
         node->add_output("kept");
         body.add_output()->set_name("kept");
         b.Initializer(IntTensor("dims", {(int64_t{1} << 31) - 1, 0}))
             .Node("ConstantOfShape", {"dims"}, {"x"})
             .Node("Scan", {"x"}, {"y"})
             .Int("num_scan_inputs", 1);
         *b.Attribute("body", onnx::AttributeProto::GRAPH)->mutable_g() = body;
         b.Output("y");
       }},
      {"a batch of billions of sequences without elements", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) {
         b.Initializer(IntTensor("dims", {0, int64_t{1} << 29, 1}))
             .Node("ConstantOfShape", {"dims"}, {"x"})
             .Initializer(FloatTensor("w", {1, 4, 1}, {1, 1, 1, 1}))
             .Initializer(FloatTensor("r", {1, 4, 1}, {1, 1, 1, 1}))
             .Node("LSTM", {"x", "w", "r"}, {"y"})
             .Int("hidden_size", 1)
             .Output("y");
       }},
      {"an equation of Einsum that multiplies everything", ErrorCode::kLimitExceeded,
       [](ModelBuilder& b) {
         b.Input("x", {int64_t{60'000}})
             .Node("Einsum", {"x", "x", "x"}, {"y"})
             .Text("equation", "a,b,c->abc")
             .Output("y");
       }},
  };
  return all;
}

TEST_CASE("hostile models end in typed errors, and the next model runs") {
  const auto runtime = Runtime::Create(1).value();
  const int64_t before = LiveBufferBytes();
  for (const Hostile& hostile : AllHostile()) {
    INFO(hostile.what);
    ModelBuilder builder(20);
    hostile.build(builder);
    ResetPeakBufferBytes();
    const auto error = ErrorOf(builder, *runtime);
    CHECK(PeakBufferBytes() < (int64_t{64} << 20));
    REQUIRE(error);
    INFO(ToString(*error));
    CHECK(std::string(Name(error->code)) == std::string(Name(hostile.code)));
    CHECK_FALSE(error->message.empty());
    CHECK(LiveBufferBytes() == before);
    ModelBuilder sound;
    sound.Input("x", {int64_t{2}}).Node("Relu", {"x"}, {"y"}).Output("y");
    REQUIRE_FALSE(ErrorOf(sound, *runtime));
  }
}

}  // namespace
}  // namespace insitu::test
