// SplitToSequence: parts of a tensor along an axis, as a sequence.
// https://onnx.ai/onnx/operators/onnx__SplitToSequence.html (11)
#include <algorithm>

#include "ops/axes.h"
#include "ops/control_flow.h"
#include "ops/copy.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/sequence_items.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  auto element = std::make_shared<ValueType>();
  element->dtype = context.dtype(0);
  context.SetType(0, {DType::kSequence, std::nullopt, std::move(element)});
  return {};
}

// The lengths of the parts: given, or all of one given length but for the last, or 1.
Result<std::vector<int64_t>> Lengths(const RunContext& context, int64_t extent) {
  std::vector<int64_t> lengths;
  const bool given = context.HasInput(1);
  if (given && !context.inputs[1].dims.empty()) {
    lengths.resize(static_cast<size_t>(context.inputs[1].elements()));
    LoadElements(context.inputs[1], 0, 1, context.inputs[1].elements(), lengths.data());
    int64_t rest = extent;
    for (int64_t length : lengths) rest -= length < 0 || length > rest ? rest + 1 : length;
    if (rest == 0) return lengths;
    return Fail(
        ErrorCode::kInvalidArgument,
        "the parts " + ToString(lengths) + " do not make up an axis of " + std::to_string(extent));
  }
  const int64_t length = given ? LoadInteger(context.inputs[1], 0) : 1;
  if (length < 1)
    return Fail(ErrorCode::kInvalidArgument,
                "parts of length " + std::to_string(length) + " are not possible");
  INSITU_TRY(CheckSequenceItems((extent - 1) / length + 1));
  for (int64_t done = 0; done < extent; done += length)
    lengths.push_back(std::min(length, extent - done));
  return lengths;
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node.Attr<int64_t>("axis", 0), x.dims.size()));
  INSITU_ASSIGN(const auto lengths, Lengths(context, x.dims[axis]));
  const bool keep = context.HasInput(1) || context.node.Attr<int64_t>("keepdims", 1) != 0;
  std::vector<Tensor> parts;
  const auto steps = RowMajorSteps(x.dims);
  int64_t at = 0;
  for (int64_t length : lengths) {
    Dims dims = x.dims;
    dims[axis] = length;
    INSITU_ASSIGN(Tensor part, Tensor::Allocate(x.dtype, dims));
    CopyStrided(x, {at * steps[axis], steps}, part.View(), {0, RowMajorSteps(dims)}, dims);
    at += length;
    if (!keep) {
      INSITU_ASSIGN(part, TakeAt(part, axis, 0));
    }
    parts.push_back(std::move(part));
  }
  context.results[0] = Tensor::Sequence(std::move(parts));
  return {};
}

constexpr int kSince[] = {11};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt}, {"keepdims", AttrKind::kInt}};

}  // namespace

const OpDef kSplitToSequenceOp = {.name = "SplitToSequence",
                                  .since = kSince,
                                  .attributes = kAttributes,
                                  .max_inputs = 2,
                                  .infer = Infer,
                                  .run = Run,
                                  .no_lowering = "backends compute tensors, not sequences",
                                  .deterministic = false};

}  // namespace insitu
