// SVMClassifier of ai.onnx.ml: one-against-one votes over support vectors, or one linear score a
// class where there are none.
// https://onnx.ai/onnx/operators/onnx_aionnxml_SVMClassifier.html (1)
// Scores are those of the pairs (i < j) or, with prob_a and prob_b, probabilities of the classes by
// the coupling of Wu, Lin and Weng that libsvm uses. Of two classes without probabilities the one
// score s gives -s and s.
#include <algorithm>
#include <cmath>

#include "base/checked.h"
#include "ops/class_scores.h"
#include "ops/feature_rows.h"
#include "ops/ops.h"
#include "ops/svm.h"

namespace insitu {
namespace {

struct Classifier {
  SvmParameters svm;
  std::span<const int64_t> per_class;  // support vectors
  std::span<const float> prob_a, prob_b;
  int64_t classes = 1, supports = 0;

  int64_t pairs() const { return classes * (classes - 1) / 2; }
  bool HasProbabilities() const { return supports > 0 && !prob_a.empty(); }
  int64_t scores() const { return supports == 0 || HasProbabilities() ? classes : pairs(); }
  // Two classes told apart by one number.
  bool DoublesScore() const { return scores() == 1 && classes == 2 && svm.rho.size() == 1; }
};

Result<Classifier> ReadClassifier(const Node& node, const ClassLabels& labels) {
  Classifier c;
  INSITU_ASSIGN(c.svm, ReadSvm(node));
  c.per_class = ListOf<int64_t>(node, "vectors_per_class");
  c.prob_a = ListOf<float>(node, "prob_a");
  c.prob_b = ListOf<float>(node, "prob_b");
  c.classes = static_cast<int64_t>(std::max<size_t>(labels.size(), 1));
  for (int64_t count : c.per_class) {
    const auto sum = CheckedAdd(c.supports, count);
    if (count < 0 || !sum)
      return Fail(ErrorCode::kInvalidModel, "vectors_per_class has " + std::to_string(count));
    c.supports = *sum;
  }
  if (c.supports == 0) {
    c.svm.kernel = SvmKernel::kLinear;
    return c;
  }
  INSITU_TRY(CheckSvmCount("vectors_per_class", c.per_class.size(), c.classes));
  INSITU_TRY(CheckSvmCount("rho", c.svm.rho.size(), c.pairs()));
  INSITU_TRY(CheckSvmCount("coefficients", c.svm.coefficients.size(),
                           CheckedMul(c.classes - 1, c.supports).value_or(-1)));
  if (c.HasProbabilities()) {
    INSITU_TRY(CheckSvmCount("prob_a", c.prob_a.size(), c.pairs()));
    INSITU_TRY(CheckSvmCount("prob_b", c.prob_b.size(), c.pairs()));
  }
  return c;
}

// The scores of all pairs, and how many each class wins.
void Vote(const Classifier& c, std::span<const double> kernels, std::vector<double>& scores,
          std::vector<double>& votes) {
  votes.assign(static_cast<size_t>(c.classes), 0);
  const auto part = [&](int64_t row, int64_t first, int64_t count) {
    double sum = 0;
    for (int64_t k = first; k < first + count; ++k)
      sum += static_cast<double>(c.svm.coefficients[static_cast<size_t>(row * c.supports + k)]) *
             kernels[static_cast<size_t>(k)];
    return sum;
  };
  int64_t first_i = 0;
  for (int64_t i = 0; i < c.classes; ++i) {
    const int64_t count_i = c.per_class[static_cast<size_t>(i)];
    int64_t first_j = first_i + count_i;
    for (int64_t j = i + 1; j < c.classes; ++j) {
      const int64_t count_j = c.per_class[static_cast<size_t>(j)];
      const double score = static_cast<double>(c.svm.rho[scores.size()]) +
                           part(j - 1, first_i, count_i) + part(i, first_j, count_j);
      votes[static_cast<size_t>(score > 0 ? i : j)] += 1;
      scores.push_back(score);
      first_j += count_j;
    }
    first_i += count_i;
  }
}

// Probabilities p of `size` classes that fit the pairwise ones r best: minimizes
// sum (r[j][i] p[i] - r[i][j] p[j])^2 by the iteration of libsvm.
std::vector<double> CoupleProbabilities(size_t size, const std::vector<double>& r) {
  std::vector<double> q(size * size), qp(size), p(size, 1.0 / static_cast<double>(size));
  for (size_t t = 0; t < size; ++t)
    for (size_t j = 0; j < size; ++j) {
      if (j == t) continue;
      q[t * size + t] += r[j * size + t] * r[j * size + t];
      q[t * size + j] = -r[j * size + t] * r[t * size + j];
    }
  const size_t rounds = std::max<size_t>(100, size);
  for (size_t round = 0; round < rounds; ++round) {
    double pqp = 0, most = 0;
    for (size_t t = 0; t < size; ++t) {
      qp[t] = 0;
      for (size_t j = 0; j < size; ++j) qp[t] += q[t * size + j] * p[j];
      pqp += p[t] * qp[t];
    }
    for (size_t t = 0; t < size; ++t) most = std::max(most, std::fabs(qp[t] - pqp));
    if (most < 0.005 / static_cast<double>(size)) break;
    for (size_t t = 0; t < size; ++t) {
      const double change = (pqp - qp[t]) / q[t * size + t], scale = 1 + change;
      p[t] += change;
      pqp = (pqp + change * (change * q[t * size + t] + 2 * qp[t])) / scale / scale;
      for (size_t j = 0; j < size; ++j) {
        qp[j] = (qp[j] + change * q[t * size + j]) / scale;
        p[j] /= scale;
      }
    }
  }
  return p;
}

std::vector<double> Probabilities(const Classifier& c, std::span<const double> scores) {
  const auto size = static_cast<size_t>(c.classes);
  std::vector<double> pairwise(size * size);
  size_t pair = 0;
  for (size_t i = 0; i < size; ++i)
    for (size_t j = i + 1; j < size; ++j, ++pair) {
      const double line =
          scores[pair] * static_cast<double>(c.prob_a[pair]) + static_cast<double>(c.prob_b[pair]);
      const double probability = std::clamp(1 - Logistic(line), 1e-7, 1 - 1e-7);
      pairwise[i * size + j] = probability;
      pairwise[j * size + i] = 1 - probability;
    }
  return CoupleProbabilities(size, pairwise);
}

void StoreLabel(const Classifier& c, const ClassLabels& labels, std::span<const double> weights,
                const TensorView& y, int64_t row) {
  const size_t largest = LargestOf(weights);
  if (c.svm.rho.size() != 1) return labels.Store(largest, y, row);
  if (labels.size() != 2) return labels.StoreNumber(weights[largest] > 0 ? 1 : 0, y, row);
  const bool all_positive =
      std::ranges::all_of(c.svm.coefficients, [](float weight) { return weight >= 0; });
  const bool second = !c.HasProbabilities() && all_positive && weights[largest] >= 0.5;
  labels.Store(second ? 1 : largest, y, row);
}

Status Infer(InferContext& context) {
  INSITU_ASSIGN(const Dim rows, InferFeatureRows(context));
  const ClassLabels labels(context.node(), "classlabels_ints");
  INSITU_ASSIGN(const Classifier c, ReadClassifier(context.node(), labels));
  INSITU_TRY(ReadPostTransform(context.node()));
  context.SetOutput(0, labels.dtype(), Shape{rows});
  context.SetOutput(1, DType::kFloat32, Shape{rows, c.DoublesScore() ? 2 : c.scores()});
  return {};
}

Status Run(RunContext& context) {
  const ClassLabels labels(context.node, "classlabels_ints");
  INSITU_ASSIGN(const FeatureRows shape, ReadFeatureRows(context.inputs[0].dims));
  INSITU_ASSIGN(const Classifier c, ReadClassifier(context.node, labels));
  INSITU_ASSIGN(const PostTransform transform, ReadPostTransform(context.node));
  const int64_t count = c.DoublesScore() ? 2 : c.scores();
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, labels.dtype(), {shape.rows}));
  TensorView z;
  if (WantsOutput(context, 1)) {
    INSITU_ASSIGN(z, RunOutput(context, 1, DType::kFloat32, {shape.rows, count}));
  }
  const int64_t vectors = c.supports > 0 ? c.supports : c.classes;
  const auto expected = CheckedMul(vectors, shape.features).value_or(-1);
  if (c.supports > 0)
    INSITU_TRY(CheckSvmCount("support_vectors", c.svm.vectors.size(), expected));
  else
    INSITU_TRY(CheckSvmCount("coefficients", c.svm.coefficients.size(), expected));
  INSITU_ASSIGN(Tensor row, Tensor::Allocate(DType::kFloat64, {shape.features}));
  std::vector<double> kernels, scores, votes;
  for (int64_t n = 0; n < shape.rows; ++n) {
    const std::span<double> x = row.As<double>();
    LoadElements(context.inputs[0], n * shape.features, 1, shape.features, x.data());
    scores.clear();
    if (c.supports > 0) {
      c.svm.Kernels(x, c.supports, kernels);
      Vote(c, kernels, scores, votes);
      if (c.HasProbabilities()) scores = Probabilities(c, scores);
    } else {
      for (size_t k = 0; k < static_cast<size_t>(c.classes); ++k)
        scores.push_back(static_cast<double>(c.svm.rho[0]) +
                         c.svm.Kernel(x, c.svm.coefficients.subspan(k * x.size(), x.size())));
    }
    StoreLabel(c, labels, c.supports > 0 ? votes : scores, y, n);
    if (!z.data) continue;
    if (c.DoublesScore()) scores.insert(scores.begin(), -scores[0]);
    TransformScores(scores, transform);
    StoreElements(scores.data(), count, z, n * count);
  }
  return {};
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {
    {"classlabels_ints", AttrKind::kInts},
    {"classlabels_strings", AttrKind::kStrings},
    {"coefficients", AttrKind::kFloats},
    {"kernel_params", AttrKind::kFloats},
    {"kernel_type", AttrKind::kString},
    {"post_transform", AttrKind::kString},
    {"prob_a", AttrKind::kFloats},
    {"prob_b", AttrKind::kFloats},
    {"rho", AttrKind::kFloats},
    {"support_vectors", AttrKind::kFloats},
    {"vectors_per_class", AttrKind::kInts},
};

}  // namespace

const OpDef kSVMClassifierOp = {
    .name = "SVMClassifier",
    .domain = "ai.onnx.ml",
    .since = kSince,
    .attributes = kAttributes,
    .max_outputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend has operators of ai.onnx.ml",
};

}  // namespace insitu
