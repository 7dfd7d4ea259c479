// OneHotEncoder of ai.onnx.ml: every element becomes a row with a one at the place of its category.
// https://onnx.ai/onnx/operators/onnx_aionnxml_OneHotEncoder.html (1)
// Floats are cast to integers first. What is in no category becomes zeros or, where the attribute
// `zeros` is 0, an error.
#include "ops/attribute_list.h"
#include "ops/category_lookup.h"
#include "ops/feature_rows.h"
#include "ops/ops.h"

namespace insitu {
namespace {

// The number of categories, of the kind that goes with the input.
Result<int64_t> CategoryCount(const Node& node, DType input) {
  const size_t count = input == DType::kString ? ListOf<std::string>(node, "cats_strings").size()
                                               : ListOf<int64_t>(node, "cats_int64s").size();
  if (count > 0) return static_cast<int64_t>(count);
  return Fail(ErrorCode::kInvalidModel,
              "there are no categories of the type of the input, " + std::string(Name(input)),
              "Give cats_strings for strings, cats_int64s for numbers.");
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFeatureTypes | kStringType));
  INSITU_ASSIGN(const int64_t categories, CategoryCount(context.node(), context.dtype(0)));
  std::optional<Shape> shape = ShapeOf(context, 0);
  if (shape) shape->push_back(categories);
  context.SetOutput(0, DType::kFloat32, std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const int64_t categories, CategoryCount(context.node, x.dtype));
  Dims dims = x.dims;
  dims.push_back(categories);
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, DType::kFloat32, std::move(dims)));
  float* out = y.As<float>().data();
  std::fill_n(out, y.elements(), 0.0f);
  const bool must_find = context.node.Attr<int64_t>("zeros", 1) == 0;
  const auto store = [&](int64_t i, std::optional<size_t> found) -> Status {
    if (found) out[i * categories + static_cast<int64_t>(*found)] = 1.0f;
    if (found || !must_find) return {};
    return Fail(ErrorCode::kInvalidArgument,
                "element " + std::to_string(i) + " of the input is in no category");
  };
  if (x.dtype == DType::kString) {
    const CategoryLookup<std::string> lookup(ListOf<std::string>(context.node, "cats_strings"));
    for (int64_t i = 0; i < x.elements(); ++i)
      INSITU_TRY(store(i, lookup.Find((*x.strings)[static_cast<size_t>(i)])));
    return {};
  }
  const CategoryLookup<int64_t> lookup(ListOf<int64_t>(context.node, "cats_int64s"));
  for (int64_t i = 0; i < x.elements(); ++i) INSITU_TRY(store(i, lookup.Find(LoadInteger(x, i))));
  return {};
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"cats_int64s", AttrKind::kInts},
                                    {"cats_strings", AttrKind::kStrings},
                                    {"zeros", AttrKind::kInt}};

}  // namespace

const OpDef kOneHotEncoderOp = {
    .name = "OneHotEncoder",
    .domain = "ai.onnx.ml",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend has operators of ai.onnx.ml",
};

}  // namespace insitu
