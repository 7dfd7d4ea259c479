// Normalisations, training forms, losses and random tensors: what the conformance cases leave open.
#include <cmath>
#include <limits>

#include "support/run_op.h"

namespace insitu::test {
namespace {

const double kRoot = std::sqrt(1.25 + 1e-5);  // the deviation of 1, 2, 3, 4

std::vector<Tensor> RunMicrosoft(const std::string& op, const std::vector<Tensor>& inputs,
                                 Attributes attributes = {}, size_t outputs = 1) {
  return RunOpAll(
      op, inputs,
      {.attributes = std::move(attributes), .outputs = outputs, .domain = "com.microsoft"});
}

}  // namespace

TEST_CASE("LayerNormalization with parameters that broadcast", "[ops]") {
  const Tensor x = Floats({2, 4}, {1, 2, 3, 4, 2, 4, 6, 8});
  const auto one = static_cast<float>(0.5 / kRoot), three = static_cast<float>(1.5 / kRoot);
  const auto outputs =
      RunOpAll("LayerNormalization", {x, Floats({}, {2}), Floats({1, 4}, {0, 0, 0, 1})},
               {.attributes = {}, .outputs = 3, .domain = {}});
  CheckClose(outputs[0],
             Floats({2, 4}, {-2 * three, -2 * one, 2 * one, 2 * three + 1, -2 * three, -2 * one,
                             2 * one, 2 * three + 1}),
             1e-4);
  CheckClose(outputs[1], Floats({2, 1}, {2.5, 5}));
  CheckClose(outputs[2], Floats({2, 1}, {static_cast<float>(1 / kRoot), 0.44721f}), 1e-4);
  // A scale for every row, and a row over both axes.
  CheckClose(RunOp("LayerNormalization", {x, Floats({2, 1}, {0, 1})}),
             Floats({2, 4}, {0, 0, 0, 0, -three, -one, one, three}), 1e-4);
  CHECK(RunOp("LayerNormalization", {x, Floats({2, 4}, {1, 1, 1, 1, 1, 1, 1, 1})},
              {{"axis", int64_t{-2}}})
            .dims() == Dims{2, 4});
  CheckClose(RunOp("LayerNormalization", {Floats({2, 0}, {}), Floats({0}, {})}),
             Floats({2, 0}, {}));
  CHECK(OpError("LayerNormalization", {x, Floats({3}, {1, 1, 1})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("LayerNormalization", {x, Floats({4}, {1, 1, 1, 1})}, {{"axis", int64_t{2}}}) ==
        ErrorCode::kInvalidModel);
}

TEST_CASE("RMSNormalization and its older names", "[ops]") {
  const Tensor x = Floats({1, 2}, {3, 4}), scale = Floats({2}, {1, 2});
  const double root = std::sqrt(12.5 + 1e-5);
  const Tensor want = Floats({1, 2}, {static_cast<float>(3 / root), static_cast<float>(8 / root)});
  CheckClose(RunOp("RMSNormalization", {x, scale}), want);
  CheckClose(RunOp("SimplifiedLayerNormalization", {x, scale}), want);
  const auto both = RunMicrosoft("SimplifiedLayerNormalization", {x, scale}, {}, 2);
  CheckClose(both[0], want);
  CheckClose(both[1], Floats({1, 1}, {static_cast<float>(1 / root)}));
}

TEST_CASE("normalisations of channels", "[ops]") {
  const Tensor x = Floats({1, 2, 2}, {1, 2, 3, 4}), ones = Floats({2}, {1, 1});
  const auto half = static_cast<float>(0.5 / std::sqrt(0.25 + 1e-5));
  CheckClose(RunOp("InstanceNormalization", {x, Floats({2}, {1, 2}), Floats({2}, {0, 1})}),
             Floats({1, 2, 2}, {-half, half, -2 * half + 1, 2 * half + 1}));
  const auto one = static_cast<float>(0.5 / kRoot), three = static_cast<float>(1.5 / kRoot);
  CheckClose(
      RunOp("GroupNormalization", {x, ones, Floats({2}, {0, 1})}, {{"num_groups", int64_t{1}}}),
      Floats({1, 2, 2}, {-three, -one, one + 1, three + 1}));
  // Version 18: one scale and bias a group.
  CheckClose(RunOp("GroupNormalization", {x, Floats({1}, {2}), Floats({1}, {0})},
                   {{"num_groups", int64_t{1}}}),
             Floats({1, 2, 2}, {-2 * three, -2 * one, 2 * one, 2 * three}));
  CHECK(OpError("GroupNormalization", {x, ones, ones}, {{"num_groups", int64_t{3}}}) ==
        ErrorCode::kInvalidModel);
  CHECK(OpError("GroupNormalization", {x, ones, ones}, {{"num_groups", int64_t{0}}}) ==
        ErrorCode::kInvalidModel);
  CHECK(OpError("InstanceNormalization", {x, Floats({3}, {1, 1, 1}), ones}) ==
        ErrorCode::kShapeMismatch);
}

TEST_CASE("LpNormalization, LRN and MeanVarianceNormalization", "[ops]") {
  const Tensor x = Floats({2, 2}, {3, -4, 0, 0});
  CheckClose(RunOp("LpNormalization", {x}), Floats({2, 2}, {0.6f, -0.8f, 0, 0}));
  CheckClose(RunOp("LpNormalization", {x}, {{"p", int64_t{1}}, {"axis", int64_t{0}}}),
             Floats({2, 2}, {1, -1, 0, 0}));
  CHECK(OpError("LpNormalization", {x}, {{"p", int64_t{3}}}) == ErrorCode::kInvalidModel);
  // size 2: the channel and the one behind it.
  CheckClose(RunOp("LRN", {Floats({1, 3}, {1, 2, 3})},
                   {{"size", int64_t{2}}, {"alpha", 2.0f}, {"beta", 1.0f}}),
             Floats({1, 3}, {1 / 6.0f, 2 / 14.0f, 3 / 10.0f}));
  CHECK(OpError("LRN", {x}, {{"size", int64_t{0}}}) == ErrorCode::kInvalidModel);
  CheckClose(RunOp("MeanVarianceNormalization", {Floats({2, 2}, {1, 5, 3, 9})},
                   {{"axes", std::vector<int64_t>{-2}}}),
             Floats({2, 2}, {-1, -1, 1, 1}));
  CHECK(OpError("MeanVarianceNormalization", {x}) == ErrorCode::kInvalidModel);
}

TEST_CASE("BatchNormalization in training mode moves its statistics", "[ops]") {
  const Tensor x = Floats({2, 1, 2}, {1, 2, 3, 4}), one = Floats({1}, {1}), zero = Floats({1}, {0});
  const auto outputs = RunOpAll("BatchNormalization", {x, one, zero, one, one},
                                {.attributes = {{"training_mode", int64_t{1}}, {"momentum", 0.5f}},
                                 .outputs = 3,
                                 .domain = {}});
  CHECK(std::fabs(outputs[0].As<float>()[0] + 1.5 / kRoot) < 1e-5);
  CheckClose(outputs[1], Floats({1}, {1.75}));
  CheckClose(outputs[2], Floats({1}, {1.125}));
}

TEST_CASE("Dropout in training mode keeps what the mask says, scaled", "[ops]") {
  Tensor x = Value(Tensor::Allocate(DType::kFloat32, {1000}));
  for (float& value : x.As<float>()) value = 1;
  const OpCall call{.attributes = {{"seed", int64_t{3}}}, .outputs = 2, .domain = {}};
  const auto outputs = RunOpAll("Dropout", {x, Floats({}, {0.25}), Bools({}, {1})}, call);
  int kept = 0;
  for (size_t i = 0; i < 1000; ++i) {
    const bool keep = outputs[1].As<uint8_t>()[i] != 0;
    kept += keep;
    REQUIRE(std::fabs(outputs[0].As<float>()[i] - (keep ? 4 / 3.0 : 0)) < 1e-6);
  }
  CHECK(kept > 700);
  CHECK(kept < 800);
}

TEST_CASE("random tensors of a seed are those of numpy.random.RandomState", "[ops]") {
  const Attributes shape = {
      {"shape", std::vector<int64_t>{3}}, {"seed", 0.0f}, {"dtype", int64_t{11}}};
  CheckClose(RunOp("RandomUniform", {}, shape),
             Make<double>({3}, {0.5488135039273248, 0.7151893663724195, 0.6027633760716439}),
             1e-15);
  CheckClose(RunOp("RandomNormal", {}, shape),
             Make<double>({3}, {1.764052345967664, 0.4001572083672233, 0.9787379841057392}), 1e-14);
  CheckClose(RunOp("RandomUniformLike", {Make<double>({2}, {0, 0})},
                   {{"seed", 0.0f}, {"low", -1.0f}, {"high", 1.0f}}),
             Make<double>({2}, {0.0976270078546495, 0.4303787327448390}), 1e-14);
  CheckClose(RunOp("Bernoulli", {Floats({4}, {0, 1, 0.5, 0.65f})},
                   {{"seed", 0.0f}, {"dtype", int64_t{7}}}),
             Longs({0, 1, 0, 1}));
  CHECK(RunOp("RandomNormalLike", {Floats({2, 0}, {})}, {{"seed", 1.0f}}).dims() == Dims{2, 0});
  CHECK(OpError("RandomUniform", {}, {{"shape", std::vector<int64_t>{-1}}}) ==
        ErrorCode::kLimitExceeded);
  CHECK(OpError("RandomNormalLike", {Longs({1})}) == ErrorCode::kUnsupportedType);
}

TEST_CASE("Multinomial draws as often as the probabilities say", "[ops]") {
  const float kNever = -std::numeric_limits<float>::infinity();
  const Tensor drawn =
      RunOp("Multinomial", {Floats({1, 3}, {0, kNever, std::log(3.0f)})},
            {{"seed", 5.0f}, {"sample_size", int64_t{4000}}, {"dtype", int64_t{7}}});
  int64_t counts[3] = {};
  for (int64_t value : drawn.As<int64_t>()) ++counts[value];
  CHECK(std::abs(counts[0] - 1000) < 100);
  CHECK(counts[1] == 0);
  CHECK(OpError("Multinomial", {Floats({1, 0}, {})}) == ErrorCode::kShapeMismatch);
}

TEST_CASE("losses", "[ops]") {
  const Tensor scores = Floats({2, 2}, {-1, -2, -3, -4});
  const Attributes none = {{"reduction", std::string("none")}};
  CheckClose(RunOp("NegativeLogLikelihoodLoss", {scores, Longs({1, 0})}, none),
             Floats({2}, {2, 3}));
  CheckClose(RunOp("NegativeLogLikelihoodLoss", {scores, Longs({1, 0}), Floats({2}, {3, 1})}),
             Floats({}, {(2 + 9) / 4.0f}));
  CheckClose(
      RunOp("NegativeLogLikelihoodLoss", {scores, Longs({-5, 0})}, {{"ignore_index", int64_t{-5}}}),
      Floats({}, {3}));
  CHECK(OpError("NegativeLogLikelihoodLoss", {scores, Longs({2, 0})}) ==
        ErrorCode::kInvalidArgument);
  CHECK(OpError("NegativeLogLikelihoodLoss", {scores, Longs({1})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("SoftmaxCrossEntropyLoss", {scores, Longs({1, 0})},
                {{"reduction", std::string("max")}}) == ErrorCode::kInvalidModel);
  const float small = std::log(1 + std::exp(1.0f)), large = small - 1;
  const auto outputs = RunOpAll("SoftmaxCrossEntropyLoss", {scores, Longs({1, 0})},
                                {.attributes = none, .outputs = 2, .domain = {}});
  CheckClose(outputs[0], Floats({2}, {small, large}));
  CheckClose(outputs[1], Floats({2, 2}, {-large, -small, -large, -small}));
}

TEST_CASE("SkipLayerNormalization adds, then normalises", "[ops]") {
  const Tensor x = Floats({2, 1, 2}, {1, 2, 3, 5}), skip = Floats({1, 2}, {0, 1});
  const Tensor gamma = Floats({2}, {1, 2}), beta = Floats({2}, {0, 1}), bias = Floats({2}, {1, 1});
  const auto outputs = RunMicrosoft("SkipLayerNormalization", {x, skip, gamma, beta, bias}, {}, 4);
  CheckClose(outputs[3], Floats({2, 1, 2}, {2, 4, 4, 7}));
  CheckClose(outputs[0], Floats({2, 1, 2}, {-1, 3, -1, 3}));
  CheckClose(outputs[1], Floats({2, 1, 1}, {3, 5.5}));
  CheckClose(outputs[2], Floats({2, 1, 1}, {1, 1 / 1.5f}));
  const auto simple = RunMicrosoft("SkipSimplifiedLayerNormalization",
                                   {Floats({1, 2}, {1, 2}), Floats({1, 2}, {2, 2}), gamma});
  const float root = std::sqrt(12.5f);
  CheckClose(simple[0], Floats({1, 2}, {3 / root, 8 / root}));
}

TEST_CASE("EmbedLayerNormalization", "[ops]") {
  const Tensor ids = Make<int32_t>({1, 2}, {1, 0}), segments = Make<int32_t>({1, 2}, {0, 1});
  const Tensor words = Floats({2, 2}, {1, 0, 0, 1}), positions = Floats({2, 2}, {0, 0, 0, 2});
  const Tensor kinds = Floats({2, 2}, {0, 0, 4, 0}), gamma = Floats({2}, {1, 1}),
               beta = Floats({2}, {0, 0});
  const auto outputs = RunMicrosoft(
      "EmbedLayerNormalization",
      {ids, segments, words, positions, kinds, gamma, beta, Make<int32_t>({1, 2}, {1, 0})}, {}, 3);
  CheckClose(outputs[2], Floats({1, 2, 2}, {0, 1, 5, 2}));
  CheckClose(outputs[0], Floats({1, 2, 2}, {-1, 1, 1, -1}));
  CheckClose(outputs[1], Make<int32_t>({1}, {1}));
  const auto error =
      TryOp("EmbedLayerNormalization",
            {Make<int32_t>({1, 1}, {2}), Tensor(), words, positions, Tensor(), gamma, beta},
            {.attributes = {}, .domain = "com.microsoft"});
  REQUIRE(!error);
  CHECK(error.error().code == ErrorCode::kInvalidArgument);
}

}  // namespace insitu::test
