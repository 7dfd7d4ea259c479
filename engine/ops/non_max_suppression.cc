// NonMaxSuppression: for every batch element and class, boxes by falling score, without those that
// overlap a box already chosen by more than the threshold.
// https://onnx.ai/onnx/operators/onnx__NonMaxSuppression.html (11).
// Overlap is intersection over union. Of equal scores the lower index comes first; boxes whose
// score is NaN are never chosen. The output is [count, 3]: batch element, class, box.
#include <algorithm>

#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/widen.h"

namespace insitu {
namespace {

Status CheckShapes(const Shape& boxes, const Shape& scores) {
  if (boxes.size() == 3 && scores.size() == 3 && !Differ(boxes[2], 4) &&
      !Differ(boxes[0], scores[0]) && !Differ(boxes[1], scores[2]))
    return {};
  return Fail(ErrorCode::kShapeMismatch,
              "boxes of shape " + ToString(boxes) + " and scores of shape " + ToString(scores) +
                  " are not [batch, boxes, 4] and [batch, classes, boxes]");
}

Result<bool> IsCentered(const Node& node) {
  const auto value = node.Attr<int64_t>("center_point_box", 0);
  if (value == 0 || value == 1) return value == 1;
  return Fail(ErrorCode::kInvalidModel,
              "center_point_box is " + std::to_string(value) + ", but must be 0 or 1");
}

Status Infer(InferContext& context) {
  for (size_t i : {0, 1, 3, 4}) INSITU_TRY(RequireType(context, i, kFloatTypes));
  INSITU_TRY(RequireType(context, 2, kIndexTypes));
  INSITU_TRY(IsCentered(context.node()));
  context.SetOutput(0, DType::kInt64, Shape{Dim::Unknown(), 3});
  const Shape *boxes = context.shape(0), *scores = context.shape(1);
  if (!boxes || !scores) return {};
  return CheckShapes(*boxes, *scores);
}

struct Box {
  double top, left, bottom, right;
  double area() const { return (bottom - top) * (right - left); }
};

Box ReadBox(const double* box, bool centered) {
  if (centered)  // x, y, width, height
    return {box[1] - box[3] / 2, box[0] - box[2] / 2, box[1] + box[3] / 2, box[0] + box[2] / 2};
  return {std::min(box[0], box[2]), std::min(box[1], box[3]), std::max(box[0], box[2]),
          std::max(box[1], box[3])};
}

bool Overlap(const Box& a, const Box& b, double threshold) {
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (!(height > 0 && width > 0)) return false;
  return height * width / (a.area() + b.area() - height * width) > threshold;
}

// What one class is chosen by.
struct Choice {
  bool centered;
  int64_t most;
  double overlap;
  std::optional<double> least_score;
};

// Indices of the boxes chosen, into `chosen`; `order` has room for all boxes. Gives the count.
int64_t Choose(const Choice& choice, const double* boxes, const double* scores, int64_t count,
               int64_t* order, int64_t* chosen) {
  int64_t candidates = 0, found = 0;
  for (int64_t i = 0; i < count; ++i)
    if (scores[i] == scores[i] && (!choice.least_score || scores[i] > *choice.least_score))
      order[candidates++] = i;
  std::sort(order, order + candidates, [&](int64_t a, int64_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  for (int64_t i = 0; i < candidates && found < choice.most; ++i) {
    const Box box = ReadBox(boxes + order[i] * 4, choice.centered);
    const bool hidden = std::any_of(chosen, chosen + found, [&](int64_t other) {
      return Overlap(box, ReadBox(boxes + other * 4, choice.centered), choice.overlap);
    });
    if (!hidden) chosen[found++] = order[i];
  }
  return found;
}

Result<double> Scalar(const RunContext& context, size_t i, double fallback) {
  if (!context.HasInput(i) || context.inputs[i].elements() == 0) return fallback;
  if (context.inputs[i].elements() == 1) return LoadReal(context.inputs[i], 0);
  return Fail(ErrorCode::kShapeMismatch, "input " + std::to_string(i) + " must be one number");
}

Status Run(RunContext& context) {
  const TensorView &boxes = context.inputs[0], &scores = context.inputs[1];
  INSITU_TRY(CheckShapes(ToShape(boxes.dims), ToShape(scores.dims)));
  const int64_t batch = scores.dims[0], classes = scores.dims[1], count = scores.dims[2];
  INSITU_ASSIGN(const bool centered, IsCentered(context.node));
  INSITU_ASSIGN(const double most, Scalar(context, 2, 0));
  INSITU_ASSIGN(const double overlap, Scalar(context, 3, 0));
  INSITU_ASSIGN(const double least_score, Scalar(context, 4, 0));
  Choice choice{centered, static_cast<int64_t>(std::clamp<double>(most, 0, 1e9)), overlap, {}};
  choice.most = std::min(choice.most, count);
  if (context.HasInput(4) && context.inputs[4].elements() == 1) choice.least_score = least_score;

  INSITU_ASSIGN(const Tensor wide_boxes, Widened(boxes));
  INSITU_ASSIGN(const Tensor wide_scores, Widened(scores));
  INSITU_ASSIGN(Tensor order, Tensor::Allocate(DType::kInt64, {count}));
  INSITU_ASSIGN(Tensor chosen, Tensor::Allocate(DType::kInt64, {batch, classes, choice.most}));
  INSITU_ASSIGN(Tensor counts, Tensor::Allocate(DType::kInt64, {batch, classes}));
  int64_t total = 0;
  for (int64_t i = 0; i < batch * classes; ++i)
    total += counts.As<int64_t>()[static_cast<size_t>(i)] =
        Choose(choice, wide_boxes.As<double>().data() + i / classes * count * 4,
               wide_scores.As<double>().data() + i * count, count, order.As<int64_t>().data(),
               chosen.As<int64_t>().data() + i * choice.most);

  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, DType::kInt64, {total, 3}));
  int64_t* row = y.As<int64_t>().data();
  for (int64_t i = 0; i < batch * classes; ++i)
    for (int64_t j = 0; j < counts.As<int64_t>()[static_cast<size_t>(i)]; ++j) {
      *row++ = i / classes;
      *row++ = i % classes;
      *row++ = chosen.As<int64_t>()[static_cast<size_t>(i * choice.most + j)];
    }
  return {};
}

constexpr int kSince[] = {10, 11};
constexpr AttrSpec kAttributes[] = {{"center_point_box", AttrKind::kInt}};

}  // namespace

const OpDef kNonMaxSuppressionOp = {
    .name = "NonMaxSuppression",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 5,
    .infer = Infer,
    .run = Run,
    .no_lowering = "its extents depend on the data",
};

}  // namespace insitu
