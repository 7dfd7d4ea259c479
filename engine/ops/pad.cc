// Pad: adds elements before and after every axis, or removes them where a pad is negative.
// https://onnx.ai/onnx/operators/onnx__Pad.html (23). Modes: constant, reflect (without the edge
// element), edge, wrap. Pads are an input: all begins, then all ends, of the axes of the optional
// input `axes` or of all.
#include "ops/pad.h"

#include <algorithm>

#include "ops/axes.h"
#include "ops/reshape_util.h"

namespace insitu {
namespace {

enum class Mode : uint8_t { kConstant, kReflect, kEdge, kWrap };

Result<Mode> ModeOf(const Node& node) {
  const std::string mode = node.Attr<std::string>("mode", "constant");
  if (mode == "constant") return Mode::kConstant;
  if (mode == "reflect") return Mode::kReflect;
  if (mode == "edge") return Mode::kEdge;
  if (mode == "wrap") return Mode::kWrap;
  return Fail(ErrorCode::kInvalidModel, "mode '" + mode + "' of Pad is unknown",
              "It must be constant, reflect, edge or wrap.");
}

struct Pads {
  std::vector<int64_t> begin, end;  // one an axis
};

Result<Pads> PadsOf(std::span<const int64_t> pads, const std::vector<int64_t>* axes, size_t rank) {
  Pads result{std::vector<int64_t>(rank), std::vector<int64_t>(rank)};
  std::vector<size_t> chosen;
  if (axes) {
    INSITU_ASSIGN(chosen, NormalizeAxes(*axes, rank));
  } else {
    for (size_t i = 0; i < rank; ++i) chosen.push_back(i);
  }
  if (pads.size() != 2 * chosen.size())
    return Fail(ErrorCode::kInvalidModel, std::to_string(pads.size()) + " pads are given for " +
                                              std::to_string(chosen.size()) + " axes");
  for (size_t i = 0; i < chosen.size(); ++i) {
    result.begin[chosen[i]] = pads[i];
    result.end[chosen[i]] = pads[i + chosen.size()];
  }
  return result;
}

// Whether anything but a constant can be put beside the elements.
Status CheckSource(Mode mode, int64_t extent, int64_t begin, int64_t end) {
  const bool grows = begin > 0 || end > 0;
  if (mode == Mode::kConstant || extent > 0 || !grows) return {};
  return Fail(ErrorCode::kShapeMismatch, "an axis of extent 0 has no elements to pad with");
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  INSITU_TRY(RequireType(context, 1, {DType::kInt64}));
  INSITU_TRY(RequireType(context, 3, kIndexTypes));
  INSITU_TRY(RequireSameType(context, 0, 2));
  INSITU_ASSIGN(const Mode mode, ModeOf(context.node()));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape* shape = context.shape(0);
  if (!shape) return {};
  Shape padded(shape->size());
  const auto pads = context.known_integers(1), axes = context.known_integers(3);
  if (pads && (axes || !context.HasInput(3))) {
    INSITU_ASSIGN(const Pads all, PadsOf(*pads, axes ? &*axes : nullptr, shape->size()));
    for (size_t i = 0; i < padded.size(); ++i) {
      const Dim& extent = (*shape)[i];
      if (extent.IsKnown()) INSITU_TRY(CheckSource(mode, extent.value(), all.begin[i], all.end[i]));
      padded[i] = extent + Dim(all.begin[i]) + Dim(all.end[i]);
    }
  }
  context.SetOutput(0, context.dtype(0), std::move(padded));
  return {};
}

// The element of the source axis that position `i` shows, where i may lie outside it.
int64_t SourceIndex(Mode mode, int64_t i, int64_t extent) {
  if (i >= 0 && i < extent) return i;
  if (mode == Mode::kEdge) return i < 0 ? 0 : extent - 1;
  const auto modulo = [](int64_t a, int64_t b) { return (a % b + b) % b; };
  if (mode == Mode::kWrap) return modulo(i, extent);
  if (extent == 1) return 0;
  const int64_t period = 2 * (extent - 1), folded = modulo(i, period);
  return folded < extent ? folded : period - folded;
}

// The part of the output that shows the input as it is, filled; the rest is the constant.
Status PadConstant(const RunContext& context, const TensorView& y, const Pads& pads) {
  const TensorView& x = context.inputs[0];
  const bool given = context.HasInput(2) && context.inputs[2].elements() == 1;
  if (given) {
    CopyLine(context.inputs[2], 0, 0, y, 0, 1, y.elements());
  } else if (x.dtype != DType::kString) {
    std::fill_n(y.data, y.size_bytes(), std::byte{0});
  }
  StridedSide from{0, RowMajorSteps(x.dims)}, to{0, RowMajorSteps(y.dims)};
  Dims extents;
  for (size_t i = 0; i < x.dims.size(); ++i) {
    const int64_t skip = std::max<int64_t>(0, -pads.begin[i]);
    const int64_t at = std::max<int64_t>(0, pads.begin[i]);
    extents.push_back(std::max<int64_t>(0, std::min(x.dims[i] - skip, y.dims[i] - at)));
    from.offset += skip * from.steps[i];
    to.offset += at * to.steps[i];
  }
  CopyStrided(x, from, y, to, extents);
  return {};
}

void PadFromSource(Mode mode, const TensorView& x, const TensorView& y, const Pads& pads) {
  const size_t rank = x.dims.size();
  const std::vector<int64_t> steps = RowMajorSteps(x.dims);
  std::vector<int64_t> index(rank);
  const int64_t count = y.elements();
  for (int64_t done = 0; done < count; ++done) {
    int64_t source = 0;
    for (size_t i = 0; i < rank; ++i)
      source += SourceIndex(mode, index[i] - pads.begin[i], x.dims[i]) * steps[i];
    CopyElements(x, source, y, done, 1);
    for (size_t i = rank; i-- > 0 && ++index[i] == y.dims[i];) index[i] = 0;
  }
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  const size_t rank = x.dims.size();
  INSITU_ASSIGN(const Mode mode, ModeOf(context.node));
  std::vector<int64_t> axes;
  for (size_t i : {1, 3})
    if (context.HasInput(i) && context.inputs[i].elements() > static_cast<int64_t>(2 * rank))
      return Fail(ErrorCode::kInvalidArgument, "more pads or axes are given than axes exist");
  if (context.HasInput(3)) axes = ReadIntegers(context.inputs[3]);
  INSITU_ASSIGN(const Pads pads, PadsOf(ReadIntegers(context.inputs[1]),
                                        context.HasInput(3) ? &axes : nullptr, rank));
  Shape padded;
  for (size_t i = 0; i < rank; ++i) {
    INSITU_TRY(CheckSource(mode, x.dims[i], pads.begin[i], pads.end[i]));
    padded.push_back(Dim(x.dims[i]) + Dim(pads.begin[i]) + Dim(pads.end[i]));
  }
  const auto dims = KnownDims(padded);
  if (!dims) return Fail(ErrorCode::kLimitExceeded, "the padded extents overflow");
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, *dims));
  if (mode == Mode::kConstant) return PadConstant(context, y, pads);
  PadFromSource(mode, x, y, pads);
  return {};
}

// Pads (and axes) permuted, one entry for every axis.
Result<std::vector<ReplacedInput>> CommuteInputs(const Graph& graph, const Node& node,
                                                 std::span<const int64_t> perm) {
  const auto all = ConstantPads(graph, node, perm.size());
  if (!all) return std::vector<ReplacedInput>{};
  std::vector<int64_t> permuted(2 * perm.size()), axes;
  for (size_t i = 0; i < perm.size(); ++i) {
    permuted[i] = (*all)[static_cast<size_t>(perm[i])];
    permuted[i + perm.size()] = (*all)[static_cast<size_t>(perm[i]) + perm.size()];
    axes.push_back(static_cast<int64_t>(i));
  }
  std::vector<ReplacedInput> replaced;
  INSITU_ASSIGN(Tensor pads,
                Tensor::From<int64_t>({static_cast<int64_t>(permuted.size())}, permuted));
  replaced.push_back({1, std::move(pads)});
  if (node.inputs.size() > 3 && node.inputs[3] != kNoValue) {
    INSITU_ASSIGN(Tensor all_axes,
                  Tensor::From<int64_t>({static_cast<int64_t>(axes.size())}, axes));
    replaced.push_back({3, std::move(all_axes)});
  }
  return replaced;
}

constexpr int kSince[] = {1, 2, 11, 13, 18, 19, 21, 23};
constexpr AttrSpec kAttributes[] = {{"mode", AttrKind::kString}};

}  // namespace

std::optional<std::vector<int64_t>> ConstantPads(const Graph& graph, const Node& node,
                                                 size_t rank) {
  const auto integers = [&](size_t i) -> std::optional<std::vector<int64_t>> {
    const Tensor* tensor = i < node.inputs.size() ? graph.Constant(node.inputs[i]) : nullptr;
    if (!tensor || tensor->elements() > static_cast<int64_t>(2 * rank)) return std::nullopt;
    return ReadIntegers(tensor->View());
  };
  const auto pads = integers(1), axes = integers(3);
  const bool has_axes = node.inputs.size() > 3 && node.inputs[3] != kNoValue;
  if (!pads || (has_axes && !axes)) return std::nullopt;
  auto all = PadsOf(*pads, has_axes ? &*axes : nullptr, rank);
  if (!all) return std::nullopt;
  std::vector<int64_t> joined = std::move(all->begin);
  joined.insert(joined.end(), all->end.begin(), all->end.end());
  return joined;
}

const OpDef kPadOp = {
    .name = "Pad",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 4,
    .infer = Infer,
    .run = Run,
    .no_lowering = "a copy the reference makes as fast",
    .commute = CommuteUnchanged,
    .commute_inputs = CommuteInputs,
};

}  // namespace insitu
