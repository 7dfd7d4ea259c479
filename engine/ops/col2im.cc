// Col2Im: the image that columns of blocks [N, C * block, columns] add up to, where blocks overlap.
// https://onnx.ai/onnx/operators/onnx__Col2Im.html (18). Any number of spatial axes.
// What falls on the padding is dropped. Sums are taken in double or integers.
#include <algorithm>

#include "base/checked.h"
#include "base/limits.h"
#include "ops/copy.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/reshape_util.h"
#include "ops/sums.h"

namespace insitu {
namespace {

constexpr int64_t kMaxExtent = int64_t{1} << 30;  // no sum or product of two below overflows

struct Blocks {
  std::vector<int64_t> image, block, dilations, pads, strides, columns;  // one a spatial axis
  int64_t taps = 1, column_count = 1;
};

Status CheckAll(std::string_view what, std::span<const int64_t> values, size_t count,
                int64_t least) {
  const bool fits = values.size() == count && std::ranges::all_of(values, [&](int64_t value) {
                      return value >= least && value <= kMaxExtent;
                    });
  if (fits) return {};
  return Fail(ErrorCode::kInvalidModel, std::string(what) + " of Col2Im is " + ToString(values) +
                                            ", but needs " + std::to_string(count) +
                                            " numbers of at least " + std::to_string(least));
}

Result<Blocks> ReadBlocks(const Node& node, std::vector<int64_t> image,
                          std::vector<int64_t> block) {
  const size_t rank = image.size();
  const auto list = [&](std::string_view key, size_t count, int64_t fallback) {
    return node.Attr<std::vector<int64_t>>(key, std::vector<int64_t>(count, fallback));
  };
  Blocks blocks{std::move(image),
                std::move(block),
                list("dilations", rank, 1),
                list("pads", 2 * rank, 0),
                list("strides", rank, 1),
                {},
                1,
                1};
  INSITU_TRY(CheckAll("image_shape", blocks.image, rank, 1));
  INSITU_TRY(CheckAll("block_shape", blocks.block, rank, 1));
  INSITU_TRY(CheckAll("dilations", blocks.dilations, rank, 1));
  INSITU_TRY(CheckAll("pads", blocks.pads, 2 * rank, 0));
  INSITU_TRY(CheckAll("strides", blocks.strides, rank, 1));
  for (size_t i = 0; i < rank; ++i) {
    const int64_t room = blocks.image[i] + blocks.pads[i] + blocks.pads[rank + i] -
                         (blocks.block[i] - 1) * blocks.dilations[i] - 1;
    if (room < 0)
      return Fail(ErrorCode::kShapeMismatch, "a block of " + ToString(blocks.block) +
                                                 " is larger than the padded image of " +
                                                 ToString(blocks.image));
    blocks.columns.push_back(room / blocks.strides[i] + 1);
  }
  const auto taps = CheckedProduct(blocks.block), columns = CheckedProduct(blocks.columns);
  if (!taps || !columns) return Fail(ErrorCode::kLimitExceeded, "the extents of Col2Im overflow");
  blocks.taps = *taps;
  blocks.column_count = *columns;
  return blocks;
}

Status CheckColumns(const Shape& x, const Dim& taps, const Dim& columns) {
  if (x.size() == 3 && !Differ(x[2], columns) &&
      (!x[1].IsKnown() || !taps.IsKnown() || x[1].value() % taps.value() == 0))
    return {};
  return Fail(ErrorCode::kShapeMismatch, "an input of shape " + ToString(x) + " is not [N, C * " +
                                             taps.ToString() + ", " + columns.ToString() + "]");
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kNumericTypes));
  INSITU_TRY(RequireType(context, 1, {DType::kInt64}));
  INSITU_TRY(RequireType(context, 2, {DType::kInt64}));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape *x = context.shape(0), *count = context.shape(1);
  const auto image = context.known_integers(1), block = context.known_integers(2);
  if (!x) return {};
  Dim taps, columns;
  Shape spatial;
  if (image && block) {
    INSITU_ASSIGN(const Blocks blocks, ReadBlocks(context.node(), *image, *block));
    taps = blocks.taps;
    columns = blocks.column_count;
    spatial = ToShape(*image);
  } else if (image) {
    spatial = ToShape(*image);
  } else if (count && count->size() == 1 && (*count)[0].IsKnown() &&
             (*count)[0].value() <= CurrentLimits().max_rank) {
    spatial.resize(static_cast<size_t>((*count)[0].value()));
  } else {
    return {};
  }
  INSITU_TRY(CheckColumns(*x, taps, columns));
  Shape shape = {(*x)[0], FloorDiv((*x)[1], taps)};
  shape.insert(shape.end(), spatial.begin(), spatial.end());
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

// Adds the columns of one tap to the image; `tap` is its index along every axis.
template <class T>
void AddTap(const Blocks& b, std::span<const int64_t> tap, std::span<const int64_t> image_steps,
            std::vector<int64_t>& index, const T* columns, T* image) {
  std::ranges::fill(index, 0);
  const size_t last = b.image.size() - 1;
  const auto place = [&](size_t i, int64_t column) {
    return column * b.strides[i] - b.pads[i] + tap[i] * b.dilations[i];
  };
  for (int64_t done = 0; done < b.column_count; done += b.columns[last]) {
    int64_t row = 0;
    bool inside = true;
    for (size_t i = 0; i < last; ++i) {
      const int64_t at = place(i, index[i]);
      inside = inside && at >= 0 && at < b.image[i];
      row += at * image_steps[i];
    }
    for (int64_t c = 0; c < b.columns[last] && inside; ++c) {
      const int64_t at = place(last, c);
      if (at >= 0 && at < b.image[last]) AddProduct(image[row + at], columns[done + c], T{1});
    }
    for (size_t i = last; i-- > 0 && ++index[i] == b.columns[i];) index[i] = 0;
  }
}

template <class T>
Status RunAs(const Blocks& b, const TensorView& x, const TensorView& y) {
  const std::vector<int64_t> steps = RowMajorSteps(b.image);
  const int64_t pixels = ElementsUnchecked(b.image), images = y.dims[0] * y.dims[1];
  INSITU_ASSIGN(Tensor image, Tensor::Allocate(kDTypeOf<T>, {pixels}));
  INSITU_ASSIGN(Tensor line, Tensor::Allocate(kDTypeOf<T>, {b.column_count}));
  T *sums = image.As<T>().data(), *columns = line.As<T>().data();
  std::vector<int64_t> tap(b.block.size()), index(b.block.size());
  for (int64_t i = 0; i < images; ++i) {
    std::fill_n(sums, pixels, T{});
    for (int64_t t = 0; t < b.taps; ++t) {
      int64_t rest = t;
      for (size_t axis = tap.size(); axis-- > 0; rest /= b.block[axis])
        tap[axis] = rest % b.block[axis];
      LoadElements(x, (i * b.taps + t) * b.column_count, 1, b.column_count, columns);
      AddTap(b, tap, steps, index, columns, sums);
    }
    StoreElements(sums, pixels, y, i * pixels);
  }
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  const int64_t rank = context.inputs[1].elements();
  if (rank < 1 || rank > CurrentLimits().max_rank || context.inputs[2].elements() != rank)
    return Fail(ErrorCode::kShapeMismatch,
                "image_shape and block_shape of Col2Im need one number each for every axis");
  INSITU_ASSIGN(const Blocks blocks, ReadBlocks(context.node, ReadIntegers(context.inputs[1]),
                                                ReadIntegers(context.inputs[2])));
  INSITU_TRY(CheckColumns(ToShape(x.dims), blocks.taps, blocks.column_count));
  Dims dims = {x.dims[0], x.dims[1] / blocks.taps};
  dims.insert(dims.end(), blocks.image.begin(), blocks.image.end());
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  return WithArithmetic(x.dtype, [&]<class T>(T) { return RunAs<T>(blocks, x, y); });
}

constexpr int kSince[] = {18};
constexpr AttrSpec kAttributes[] = {
    {"dilations", AttrKind::kInts}, {"pads", AttrKind::kInts}, {"strides", AttrKind::kInts}};

}  // namespace

const OpDef kCol2ImOp = {
    .name = "Col2Im",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend has it",
};

}  // namespace insitu
