// LabelEncoder of ai.onnx.ml: replaces every element by the value beside its key.
// https://onnx.ai/onnx/operators/onnx_aionnxml_LabelEncoder.html (1, 2, 4)
// Keys and values come as lists or tensors; what is not among the keys becomes the default: the
// attribute of the type of the values, else "_Unused", -1 or -0.0. Version 1 has one list,
// classes_strings, between whose strings and their places it translates.
#include "ops/attribute_list.h"
#include "ops/category_lookup.h"
#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr DTypeSet kTypes = {DType::kString, DType::kInt64, DType::kFloat32,
                             DType::kInt32,  DType::kInt16, DType::kFloat64};

// The list `name` + "_strings", "_int64s", "_floats" or the tensor `name` + "_tensor"; empty (of
// type kUndefined) when there is none.
Result<Tensor> ReadList(const Node& node, const std::string& name) {
  if (const Tensor* tensor = TensorOf(node, name + "_tensor")) return *tensor;
  if (const auto& list = ListOf<std::string>(node, name + "_strings"); !list.empty())
    return Tensor::FromStrings({static_cast<int64_t>(list.size())}, list);
  if (const auto& list = ListOf<int64_t>(node, name + "_int64s"); !list.empty())
    return Tensor::From<int64_t>({static_cast<int64_t>(list.size())}, list);
  if (const auto& list = ListOf<float>(node, name + "_floats"); !list.empty())
    return Tensor::From<float>({static_cast<int64_t>(list.size())}, list);
  return Tensor();
}

struct Mapping {
  Tensor keys, values;
};

Result<Mapping> ReadClasses(const Node& node, DType input) {
  const std::vector<std::string>& classes = ListOf<std::string>(node, "classes_strings");
  const Dims dims = {static_cast<int64_t>(classes.size())};
  std::vector<int64_t> places(classes.size());
  std::iota(places.begin(), places.end(), 0);
  Mapping mapping;
  INSITU_ASSIGN(mapping.keys, Tensor::FromStrings(dims, classes));
  INSITU_ASSIGN(mapping.values, Tensor::From<int64_t>(dims, places));
  if (input == DType::kInt64) std::swap(mapping.keys, mapping.values);
  return mapping;
}

Result<Mapping> ReadMapping(const Node& node, DType input) {
  if (node.Has("classes_strings")) return ReadClasses(node, input);
  Mapping mapping;
  INSITU_ASSIGN(mapping.keys, ReadList(node, "keys"));
  INSITU_ASSIGN(mapping.values, ReadList(node, "values"));
  if (mapping.keys.empty() || mapping.values.empty())
    return Fail(ErrorCode::kInvalidModel, "keys or values are missing",
                "Give one attribute keys_* and one values_*.");
  if (mapping.keys.elements() != mapping.values.elements())
    return Fail(ErrorCode::kInvalidModel, std::to_string(mapping.keys.elements()) + " keys and " +
                                              std::to_string(mapping.values.elements()) +
                                              " values are given");
  if (!kTypes.Has(mapping.keys.dtype()) || !kTypes.Has(mapping.values.dtype()))
    return Fail(ErrorCode::kUnsupportedType, "keys or values are of type " +
                                                 std::string(Name(mapping.keys.dtype())) + " and " +
                                                 std::string(Name(mapping.values.dtype())));
  return mapping;
}

// One element of the type of the values.
Result<Tensor> ReadDefault(const Node& node, DType type) {
  if (const Tensor* given = TensorOf(node, "default_tensor")) {
    if (given->dtype() == type && given->elements() == 1) return *given;
    return Fail(ErrorCode::kInvalidModel,
                "default_tensor is not one element of the type " + std::string(Name(type)));
  }
  if (type == DType::kString)
    return Tensor::FromStrings({1}, {node.Attr<std::string>("default_string", "_Unused")});
  INSITU_ASSIGN(Tensor value, Tensor::Allocate(type, {1}));
  const bool real = ArithmeticOf(type) == Arithmetic::kReal;
  const double number = real ? static_cast<double>(node.Attr<float>("default_float", -0.0f)) : 0;
  const int64_t integer = node.Attr<int64_t>("default_int64", -1);
  if (real)
    StoreElements(&number, 1, value.View(), 0);
  else
    StoreElements(&integer, 1, value.View(), 0);
  return value;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kTypes));
  INSITU_ASSIGN(const Mapping mapping, ReadMapping(context.node(), context.dtype(0)));
  if (mapping.keys.dtype() != context.dtype(0))
    return Fail(ErrorCode::kInvalidModel,
                "the input " + context.Describe(0) + " is not of the type of the keys, " +
                    std::string(Name(mapping.keys.dtype())),
                "Convert it with a Cast in front.");
  INSITU_TRY(ReadDefault(context.node(), mapping.values.dtype()));
  context.SetOutput(0, mapping.values.dtype(), ShapeOf(context, 0));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const Mapping mapping, ReadMapping(context.node, x.dtype));
  INSITU_ASSIGN(const Tensor otherwise, ReadDefault(context.node, mapping.values.dtype()));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, mapping.values.dtype(), x.dims));
  const TensorView values = mapping.values.View(), fallback = otherwise.View();
  const int64_t count = x.elements(), keys = mapping.keys.elements();
  const auto store = [&](int64_t i, std::optional<size_t> found) {
    if (found)
      CopyElements(values, static_cast<int64_t>(*found), y, i, 1);
    else
      CopyElements(fallback, 0, y, i, 1);
  };
  if (x.dtype == DType::kString) {
    const CategoryLookup<std::string> lookup(mapping.keys.strings());
    for (int64_t i = 0; i < count; ++i) store(i, lookup.Find((*x.strings)[static_cast<size_t>(i)]));
    return {};
  }
  const auto translate = [&]<class T>(T) {
    std::vector<T> numbers(static_cast<size_t>(keys));
    LoadElements(mapping.keys.View(), 0, 1, keys, numbers.data());
    const CategoryLookup<T> lookup{std::span<const T>(numbers)};
    T block[kBlock];
    for (int64_t start = 0; start < count; start += kBlock) {
      const int64_t n = std::min(kBlock, count - start);
      LoadElements(x, start, 1, n, block);
      for (int64_t i = 0; i < n; ++i) store(start + i, lookup.Find(block[i]));
    }
  };
  if (ArithmeticOf(x.dtype) == Arithmetic::kReal)
    translate(double{});
  else
    translate(int64_t{});
  return {};
}

constexpr int kSince[] = {1, 2, 4};
constexpr AttrSpec kAttributes[] = {
    {"classes_strings", AttrKind::kStrings}, {"default_float", AttrKind::kFloat},
    {"default_int64", AttrKind::kInt},       {"default_string", AttrKind::kString},
    {"default_tensor", AttrKind::kTensor},   {"keys_floats", AttrKind::kFloats},
    {"keys_int64s", AttrKind::kInts},        {"keys_strings", AttrKind::kStrings},
    {"keys_tensor", AttrKind::kTensor},      {"values_floats", AttrKind::kFloats},
    {"values_int64s", AttrKind::kInts},      {"values_strings", AttrKind::kStrings},
    {"values_tensor", AttrKind::kTensor},
};

}  // namespace

const OpDef kLabelEncoderOp = {
    .name = "LabelEncoder",
    .domain = "ai.onnx.ml",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend has operators of ai.onnx.ml",
};

}  // namespace insitu
