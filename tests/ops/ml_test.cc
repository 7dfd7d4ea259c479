// Operators of ai.onnx.ml, by hand.
#include "support/run_op.h"

namespace insitu::test {
namespace {

using Ints = std::vector<int64_t>;
using Reals = std::vector<float>;
using Names = std::vector<std::string>;

std::vector<Tensor> Ml(const std::string& op, const std::vector<Tensor>& inputs,
                       Attributes attributes, size_t outputs = 1) {
  return RunOpAll(
      op, inputs,
      {.attributes = std::move(attributes), .outputs = outputs, .domain = "ai.onnx.ml"});
}

ErrorCode MlError(const std::string& op, const std::vector<Tensor>& inputs, Attributes attributes) {
  auto result = TryOp(op, inputs, {.attributes = std::move(attributes), .domain = "ai.onnx.ml"});
  REQUIRE(!result.has_value());
  return result.error().code;
}

TEST_CASE("Features are binarized, scaled, imputed and normalized") {
  const Tensor x = Floats({2, 2}, {1, -2, 3, NAN});
  CheckClose(Ml("Binarizer", {Floats({3}, {0.5f, 1, 2})}, {{"threshold", 1.0f}})[0],
             Floats({3}, {0, 0, 1}));
  CheckClose(Ml("Scaler", {Make<int64_t>({2, 2}, {1, 2, 3, 4})},
                {{"offset", Reals{1, 2}}, {"scale", Reals{2, 10}}})[0],
             Floats({2, 2}, {0, 0, 4, 20}));
  CheckClose(
      Ml("Imputer", {x}, {{"imputed_value_floats", Reals{7, 9}}, {"replaced_value_float", NAN}})[0],
      Floats({2, 2}, {1, -2, 3, 9}));
  CheckClose(Ml("Imputer", {Longs({-1, 4})},
                {{"imputed_value_int64s", Ints{8}}, {"replaced_value_int64", int64_t{-1}}})[0],
             Longs({8, 4}));
  const Tensor rows = Floats({3, 2}, {3, 4, 0, 0, -1, 1});
  CheckClose(Ml("Normalizer", {rows}, {{"norm", std::string("L2")}})[0],
             Floats({3, 2}, {0.6f, 0.8f, 0, 0, -0.70710678f, 0.70710678f}));
  CheckClose(Ml("Normalizer", {rows}, {{"norm", std::string("L1")}})[0],
             Floats({3, 2}, {3.0f / 7, 4.0f / 7, 0, 0, -0.5f, 0.5f}));
  CheckClose(Ml("Normalizer", {rows}, {})[0], Floats({3, 2}, {0.75f, 1, 0, 0, -1, 1}));
  CHECK(MlError("Scaler", {x}, {{"offset", Reals{1, 2, 3}}}) == ErrorCode::kShapeMismatch);
  CHECK(MlError("Normalizer", {x}, {{"norm", std::string("L3")}}) == ErrorCode::kInvalidModel);
}

TEST_CASE("Features are joined and extracted") {
  CheckClose(
      Ml("FeatureVectorizer", {Floats({2, 2}, {1, 2, 3, 4}), Make<int64_t>({2, 2}, {5, 6, 7, 8})},
         {{"inputdimensions", Ints{1, 3}}})[0],
      Floats({2, 4}, {1, 5, 6, 0, 3, 7, 8, 0}));
  CheckClose(
      Ml("ArrayFeatureExtractor", {Strings({2, 2}, {"a", "b", "c", "d"}), Longs({1, 1, 0})}, {})[0],
      Strings({2, 3}, {"b", "b", "a", "d", "d", "c"}));
  CheckClose(Ml("ArrayFeatureExtractor", {Floats({3}, {1, 2, 3}), Longs({2})}, {})[0],
             Floats({1, 1}, {3}));
  CHECK(MlError("ArrayFeatureExtractor", {Floats({3}, {1, 2, 3}), Longs({3})}, {}) ==
        ErrorCode::kInvalidArgument);
}

TEST_CASE("Labels are encoded between every pair of types") {
  const Tensor words = Strings({3}, {"b", "a", "x"});
  const Attributes keys = {{"keys_strings", Names{"a", "b", "b"}}};
  const auto with = [](Attributes attributes, const char* name, Attribute value) {
    attributes[name] = std::move(value);
    return attributes;
  };
  CheckClose(Ml("LabelEncoder", {words}, with(keys, "values_int64s", Ints{1, 2, 3}))[0],
             Longs({3, 1, -1}));
  CheckClose(Ml("LabelEncoder", {words},
                with(with(keys, "values_floats", Reals{1, 2, 3}), "default_float", 0.5f))[0],
             Floats({3}, {3, 1, 0.5f}));
  CheckClose(Ml("LabelEncoder", {words}, with(keys, "values_strings", Names{"A", "B", "C"}))[0],
             Strings({3}, {"C", "A", "_Unused"}));
  CheckClose(Ml("LabelEncoder", {Floats({3}, {NAN, 2, 3})},
                {{"keys_floats", Reals{NAN, 2}}, {"values_strings", Names{"none", "two"}}})[0],
             Strings({3}, {"none", "two", "_Unused"}));
  CheckClose(Ml("LabelEncoder", {Make<int16_t>({2}, {5, 6})},
                {{"keys_tensor", Make<int16_t>({1}, {6})},
                 {"values_tensor", Make<double>({1}, {0.25})},
                 {"default_tensor", Make<double>({1}, {9})}})[0],
             Make<double>({2}, {9, 0.25}));
  CheckClose(Ml("LabelEncoder", {words}, {{"classes_strings", Names{"a", "b"}}})[0],
             Longs({1, 0, -1}));
  CheckClose(Ml("LabelEncoder", {Longs({1, 7})}, {{"classes_strings", Names{"a", "b"}}})[0],
             Strings({2}, {"b", "_Unused"}));
  CHECK(MlError("LabelEncoder", {words}, with(keys, "values_int64s", Ints{1})) ==
        ErrorCode::kInvalidModel);
  CHECK(MlError("LabelEncoder", {Longs({1})}, with(keys, "values_int64s", Ints{1, 2, 3})) ==
        ErrorCode::kInvalidModel);
}

TEST_CASE("Categories become rows of zeros with a one") {
  CheckClose(
      Ml("OneHotEncoder", {Make<double>({2, 1}, {8.7, 1})}, {{"cats_int64s", Ints{3, 8}}})[0],
      Floats({2, 1, 2}, {0, 1, 0, 0}));
  CheckClose(Ml("OneHotEncoder", {Strings({1}, {"y"})}, {{"cats_strings", Names{"x", "y"}}})[0],
             Floats({1, 2}, {0, 1}));
  CHECK(MlError("OneHotEncoder", {Longs({4})}, {{"cats_int64s", Ints{3}}, {"zeros", int64_t{0}}}) ==
        ErrorCode::kInvalidArgument);
  CHECK(MlError("OneHotEncoder", {Longs({4})}, {{"cats_strings", Names{"x"}}}) ==
        ErrorCode::kInvalidModel);
}

TEST_CASE("Linear models score, transform and label") {
  const Tensor x = Floats({2, 2}, {1, 2, -3, 1});
  CheckClose(Ml("LinearRegressor", {x},
                {{"coefficients", Reals{1, 1, 2, 0}},
                 {"intercepts", Reals{1, 0}},
                 {"targets", int64_t{2}}})[0],
             Floats({2, 2}, {4, 2, -1, -6}));
  const Attributes binary = {{"coefficients", Reals{1, 1}}, {"intercepts", Reals{-1}}};
  const auto with = [](Attributes attributes, const char* name, Attribute value) {
    attributes[name] = std::move(value);
    return attributes;
  };
  auto two = Ml("LinearClassifier", {x},
                with(with(binary, "classlabels_strings", Names{"no", "yes"}), "post_transform",
                     std::string("LOGISTIC")),
                2);
  CheckClose(two[0], Strings({2}, {"yes", "no"}));
  const float p = 1 / (1 + std::exp(-2.0f)), q = 1 / (1 + std::exp(3.0f));
  CheckClose(two[1], Floats({2, 2}, {1 - p, p, 1 - q, q}));
  two = Ml("LinearClassifier", {x}, with(binary, "classlabels_ints", Ints{7}), 2);
  CheckClose(two[0], Longs({7, 0}));
  CheckClose(two[1], Floats({2, 1}, {2, -3}));
  const auto three = Ml("LinearClassifier", {Floats({2}, {1, 2})},
                        {{"coefficients", Reals{0, 0, 1, 0, 0, 1}},
                         {"intercepts", Reals{0, 0, 0}},
                         {"classlabels_ints", Ints{5, 6, 7}},
                         {"post_transform", std::string("SOFTMAX")}},
                        2);
  CheckClose(three[0], Longs({7}));
  const float sum = 1 + std::exp(1.0f) + std::exp(2.0f);
  CheckClose(three[1], Floats({1, 3}, {1 / sum, std::exp(1.0f) / sum, std::exp(2.0f) / sum}));
  CHECK(MlError("LinearRegressor", {x}, {{"coefficients", Reals{1}}}) == ErrorCode::kShapeMismatch);
  CHECK(MlError("LinearRegressor", {x},
                {{"coefficients", Reals{1, 1}}, {"post_transform", std::string("ODD")}}) ==
        ErrorCode::kInvalidModel);
}

TEST_CASE("Support vector machines: kernels, votes, one class") {
  const Tensor x = Floats({2, 2}, {1, 0, 0, 2});
  const Attributes regressor = {{"support_vectors", Reals{1, 1, 0, 1}},
                                {"coefficients", Reals{2, -1}},
                                {"rho", Reals{0.5f}},
                                {"n_supports", int64_t{2}},
                                {"kernel_params", Reals{0.5f, 1, 2}}};
  const auto with = [](Attributes attributes, const char* name, Attribute value) {
    attributes[name] = std::move(value);
    return attributes;
  };
  CheckClose(Ml("SVMRegressor", {x}, regressor)[0], Floats({2, 1}, {2.5f, 2.5f}));
  CheckClose(Ml("SVMRegressor", {x}, with(regressor, "kernel_type", std::string("POLY")))[0],
             Floats({2, 1}, {2 * 2.25f - 1 + 0.5f, 2 * 4.0f - 4 + 0.5f}));
  CheckClose(Ml("SVMRegressor", {x}, with(regressor, "kernel_type", std::string("RBF")))[0],
             Floats({2, 1}, {2 * std::exp(-0.5f) - std::exp(-1.0f) + 0.5f,
                             2 * std::exp(-1.0f) - std::exp(-0.5f) + 0.5f}));
  CheckClose(Ml("SVMRegressor", {x},
                with(with(regressor, "one_class", int64_t{1}), "rho", Reals{-2.5f}))[0],
             Floats({2, 1}, {-1, -1}));
  const Attributes classifier = {{"support_vectors", Reals{1, 0, 0, 1}},
                                 {"vectors_per_class", Ints{1, 1}},
                                 {"coefficients", Reals{1, -1}},
                                 {"rho", Reals{0}},
                                 {"classlabels_ints", Ints{3, 4}}};
  const auto y = Ml("SVMClassifier", {x}, classifier, 2);
  CheckClose(y[0], Longs({3, 4}));
  CheckClose(y[1], Floats({2, 2}, {-1, 1, 2, -2}));
  const auto probable =
      Ml("SVMClassifier", {x}, with(with(classifier, "prob_a", Reals{-1}), "prob_b", Reals{0}), 2);
  CheckClose(probable[0], Longs({3, 4}));
  const float p = 1 / (1 + std::exp(-1.0f)), q = 1 / (1 + std::exp(2.0f));
  CheckClose(probable[1], Floats({2, 2}, {p, 1 - p, q, 1 - q}), 1e-2);
  CHECK(MlError("SVMRegressor", {x}, with(regressor, "support_vectors", Reals{1})) ==
        ErrorCode::kShapeMismatch);
  CHECK(MlError("SVMClassifier", {x}, with(classifier, "rho", Reals{0, 0})) ==
        ErrorCode::kShapeMismatch);
}

// Tree 1: x0 <= 1 ? leaf a : leaf b; tree 2 is a leaf.
Attributes Stump(const std::string& prefix, Reals weights) {
  return {{"nodes_treeids", Ints{1, 1, 1, 2}},
          {"nodes_nodeids", Ints{0, 1, 2, 0}},
          {"nodes_featureids", Ints{0, 0, 0, 0}},
          {"nodes_modes", Names{"BRANCH_LEQ", "LEAF", "LEAF", "LEAF"}},
          {"nodes_values", Reals{1, 0, 0, 0}},
          {"nodes_truenodeids", Ints{1, 0, 0, 0}},
          {"nodes_falsenodeids", Ints{2, 0, 0, 0}},
          {"nodes_missing_value_tracks_true", Ints{1, 0, 0, 0}},
          {prefix + "_treeids", Ints{1, 1, 2}},
          {prefix + "_nodeids", Ints{1, 2, 0}},
          {prefix + "_ids", Ints{0, 0, 0}},
          {prefix + "_weights", std::move(weights)}};
}

TEST_CASE("Trees regress with every aggregate") {
  const Tensor x = Floats({3, 1}, {1, 2, NAN});
  const auto run = [&](const char* aggregate, Reals base) {
    Attributes attributes = Stump("target", {10, 20, 4});
    attributes["aggregate_function"] = std::string(aggregate);
    attributes["base_values"] = std::move(base);
    return Ml("TreeEnsembleRegressor", {x}, attributes)[0];
  };
  CheckClose(run("SUM", {1}), Floats({3, 1}, {15, 25, 15}));
  CheckClose(run("AVERAGE", {}), Floats({3, 1}, {7, 12, 7}));
  CheckClose(run("MIN", {}), Floats({3, 1}, {4, 4, 4}));
  CheckClose(run("MAX", {}), Floats({3, 1}, {10, 20, 10}));
  CheckClose(
      Ml("TreeEnsembleRegressor", {Make<int64_t>({1, 1}, {1})}, Stump("target", {10, 20, 4}))[0],
      Floats({1, 1}, {14}));
}

TEST_CASE("Trees classify with one score or several") {
  const Tensor x = Floats({2, 1}, {1, 2});
  Attributes attributes = Stump("class", {0.1f, 0.5f, 0.3f});
  attributes["classlabels_strings"] = Names{"no", "yes"};
  auto y = Ml("TreeEnsembleClassifier", {x}, attributes, 2);
  CheckClose(y[0], Strings({2}, {"no", "yes"}));
  CheckClose(y[1], Floats({2, 2}, {0.6f, 0.4f, 0.2f, 0.8f}));
  attributes = Stump("class", {-3, 2, 1});
  attributes["classlabels_int64s"] = Ints{0, 1};
  attributes["post_transform"] = std::string("LOGISTIC");
  y = Ml("TreeEnsembleClassifier", {x}, attributes, 2);
  CheckClose(y[0], Longs({0, 1}));
  const float p = 1 / (1 + std::exp(2.0f)), q = 1 / (1 + std::exp(-3.0f));
  CheckClose(y[1], Floats({2, 2}, {1 - p, p, 1 - q, q}));
  attributes = Stump("class", {3, 2, 1});
  attributes["class_ids"] = Ints{0, 1, 2};
  attributes["classlabels_int64s"] = Ints{7, 8, 9};
  attributes["base_values"] = Reals{0, 0, 2.5f};
  y = Ml("TreeEnsembleClassifier", {x}, attributes, 2);
  CheckClose(y[0], Longs({9, 9}));
  CheckClose(y[1], Floats({2, 3}, {3, 0, 3.5f, 0, 2, 3.5f}));
}

TEST_CASE("Broken trees are refused") {
  const Tensor x = Floats({1, 1}, {5});
  const auto broken = [&](const char* name, Attribute value) {
    Attributes attributes = Stump("target", {1, 2, 3});
    attributes[name] = std::move(value);
    return MlError("TreeEnsembleRegressor", {x}, attributes);
  };
  CHECK(broken("nodes_falsenodeids", Ints{0, 0, 0, 0}) == ErrorCode::kInvalidModel);
  CHECK(broken("nodes_falsenodeids", Ints{9, 0, 0, 0}) == ErrorCode::kInvalidModel);
  CHECK(broken("nodes_featureids", Ints{1, 0, 0, 0}) == ErrorCode::kShapeMismatch);
  CHECK(broken("nodes_values", Reals{1}) == ErrorCode::kInvalidModel);
  CHECK(broken("target_ids", Ints{0, 1, 0}) == ErrorCode::kInvalidModel);
  CHECK(broken("target_nodeids", Ints{1, 7, 0}) == ErrorCode::kInvalidModel);
}

TEST_CASE("TreeEnsemble tests membership and sums leaves") {
  const Attributes attributes = {{"nodes_featureids", Ints{0, 1}},
                                 {"nodes_splits", Make<double>({2}, {0, 4})},
                                 {"nodes_modes", Make<uint8_t>({2}, {6, 1})},
                                 {"nodes_truenodeids", Ints{0, 1}},
                                 {"nodes_falsenodeids", Ints{1, 2}},
                                 {"nodes_trueleafs", Ints{1, 1}},
                                 {"nodes_falseleafs", Ints{0, 1}},
                                 {"membership_values", Make<double>({3}, {1, 3, NAN})},
                                 {"tree_roots", Ints{0}},
                                 {"leaf_targetids", Ints{0, 1, 1}},
                                 {"leaf_weights", Make<double>({3}, {10, 20, 30})},
                                 {"n_targets", int64_t{2}}};
  CheckClose(Ml("TreeEnsemble", {Make<double>({3, 2}, {3, 0, 2, 3, 2, 4})}, attributes)[0],
             Make<double>({3, 2}, {10, 0, 0, 20, 0, 30}));
}

}  // namespace
}  // namespace insitu::test
