// ZipMap of ai.onnx.ml: the scores of a classifier by class: for each row a map from classes to the
// numbers of the row. https://onnx.ai/onnx/operators/onnx_aionnxml_ZipMap.html (1)
#include <utility>
#include <vector>

#include "ops/attribute_list.h"
#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/sequence_items.h"

namespace insitu {
namespace {

Result<Tensor> Classes(const Node& node) {
  const auto& strings = ListOf<std::string>(node, "classlabels_strings");
  const auto& integers = ListOf<int64_t>(node, "classlabels_int64s");
  if (strings.empty() == integers.empty())
    return Fail(ErrorCode::kInvalidModel, "one list of class labels is needed, not none or two",
                "Give classlabels_strings or classlabels_int64s.");
  if (strings.empty())
    return Tensor::From<int64_t>({static_cast<int64_t>(integers.size())}, integers);
  return Tensor::FromStrings({static_cast<int64_t>(strings.size())}, strings);
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, {DType::kFloat32}));
  INSITU_TRY(Classes(context.node()));
  const auto score = std::make_shared<const ValueType>(ValueType{DType::kFloat32, Shape{}});
  const auto map = std::make_shared<const ValueType>(ValueType{DType::kMap, std::nullopt, score});
  context.SetType(0, {DType::kSequence, std::nullopt, map});
  return {};
}

Status Run(RunContext& context) {
  const TensorView& scores = context.inputs[0];
  INSITU_ASSIGN(const Tensor classes, Classes(context.node));
  const int64_t count = classes.elements();
  if (scores.dims.empty() || scores.dims.size() > 2 || scores.dims.back() != count)
    return Fail(ErrorCode::kShapeMismatch,
                "scores of dims " + ToString(scores.dims) + " do not belong to " +
                    std::to_string(count) + " classes",
                "Rows of one number for each class are needed.");
  INSITU_TRY(CheckSequenceItems(scores.elements() / count));
  std::vector<Tensor> maps;
  for (int64_t row = 0; row < scores.elements() / count; ++row) {
    INSITU_ASSIGN(Tensor values, Tensor::Allocate(DType::kFloat32, {count}));
    TensorView to = values.View();
    CopyElements(scores, row * count, to, 0, count);
    maps.push_back(Tensor::Map(classes, std::move(values)));
  }
  context.results[0] = Tensor::Sequence(std::move(maps));
  return {};
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"classlabels_int64s", AttrKind::kInts},
                                    {"classlabels_strings", AttrKind::kStrings}};

}  // namespace

const OpDef kZipMapOp = {.name = "ZipMap",
                         .domain = "ai.onnx.ml",
                         .since = kSince,
                         .attributes = kAttributes,
                         .infer = Infer,
                         .run = Run,
                         .no_lowering = "backends compute tensors, not maps",
                         .deterministic = false};

}  // namespace insitu
