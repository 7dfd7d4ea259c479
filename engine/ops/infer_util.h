// What the `infer`, `run` and `lower` callbacks of many operators share.
#pragma once

#include <initializer_list>
#include <string>

#include "ops/op_def.h"

namespace insitu {

// A set of element types, one bit each.
class DTypeSet {
 public:
  constexpr DTypeSet(std::initializer_list<DType> types) {
    for (DType t : types) bits_ |= uint64_t{1} << static_cast<int>(t);
  }
  constexpr bool Has(DType t) const { return bits_ >> static_cast<int>(t) & 1; }
  friend constexpr DTypeSet operator|(DTypeSet a, DTypeSet b) {
    a.bits_ |= b.bits_;
    return a;
  }

 private:
  uint64_t bits_ = 0;
};

inline constexpr DTypeSet kFloatTypes = {DType::kFloat32, DType::kFloat64, DType::kFloat16,
                                         DType::kBfloat16};
inline constexpr DTypeSet kSignedTypes = {DType::kInt8, DType::kInt16, DType::kInt32,
                                          DType::kInt64};
inline constexpr DTypeSet kUnsignedTypes = {DType::kUint8, DType::kUint16, DType::kUint32,
                                            DType::kUint64};
inline constexpr DTypeSet kBoolType = {DType::kBool};
inline constexpr DTypeSet kStringType = {DType::kString};
inline constexpr DTypeSet kIndexTypes = {DType::kInt32, DType::kInt64};
inline constexpr DTypeSet kIntegerTypes = kSignedTypes | kUnsignedTypes;
inline constexpr DTypeSet kNumericTypes = kFloatTypes | kIntegerTypes;
inline constexpr DTypeSet kNarrowTypes = {DType::kFloat8E4M3FN, DType::kFloat8E4M3FNUZ,
                                          DType::kFloat8E5M2,   DType::kFloat8E5M2FNUZ,
                                          DType::kUint4,        DType::kInt4};
inline constexpr DTypeSet kAllTypes = kNumericTypes | kBoolType | kStringType | kNarrowTypes;

// UnsupportedType naming the input unless its type is one of `allowed`.
inline Status RequireType(const InferContext& context, size_t input, DTypeSet allowed) {
  if (!context.HasInput(input) || allowed.Has(context.dtype(input))) return {};
  return Fail(ErrorCode::kUnsupportedType,
              "input " + context.Describe(input) + " has a type that " + context.node().op +
                  " does not take",
              "Convert it with a Cast in front.");
}

// InvalidModel unless both inputs have one type.
inline Status RequireSameType(const InferContext& context, size_t a, size_t b) {
  if (!context.HasInput(a) || !context.HasInput(b) || context.dtype(a) == context.dtype(b))
    return {};
  return Fail(ErrorCode::kInvalidModel,
              context.node().op + " takes inputs of one type, but " + context.Describe(a) +
                  " and " + context.Describe(b) + " differ",
              "Convert one of them with a Cast.");
}

// A copy of an input's shape for an output of the same shape.
inline std::optional<Shape> ShapeOf(const InferContext& context, size_t input) {
  const Shape* shape = context.shape(input);
  return shape ? std::optional<Shape>(*shape) : std::nullopt;
}

// Output 0 has type and shape of input 0; for elementwise operators.
inline Status InferSame(InferContext& context, DTypeSet allowed) {
  INSITU_TRY(RequireType(context, 0, allowed));
  context.SetOutput(0, context.dtype(0), ShapeOf(context, 0));
  return {};
}

// Whether two extents are numbers and not the same.
inline bool Differ(const Dim& a, const Dim& b) {
  return a.IsKnown() && b.IsKnown() && a.value() != b.value();
}

// The extents of a run, from a shape computed of numbers alone; LimitExceeded where it overflowed.
inline Result<Dims> DimsOfRun(std::span<const Dim> shape) {
  if (auto dims = KnownDims(shape)) return *std::move(dims);
  return Fail(ErrorCode::kLimitExceeded, "the extents of the output overflow: " + ToString(shape),
              "Feed smaller inputs.");
}

// Whether the node asks for output i.
inline bool WantsOutput(const RunContext& context, size_t i) {
  return i < context.node.outputs.size() && context.node.outputs[i] != kNoValue;
}

// Output i with these extents: the tensor made before the call, which must agree with what the
// input extents of this run give, or a new one.
inline Result<TensorView> RunOutput(RunContext& context, size_t i, DType dtype, Dims dims) {
  if (i >= context.outputs.size() || context.outputs[i].dtype == DType::kUndefined)
    return context.allocate(i, dtype, std::move(dims));
  const TensorView& output = context.outputs[i];
  if (output.dtype == dtype && output.dims == dims) return output;
  return Fail(ErrorCode::kShapeMismatch,
              "output " + std::to_string(i) + " was planned with dims " + ToString(output.dims) +
                  ", but the inputs of this run give " + ToString(dims),
              "Extents that depend on data contradict what the model declares.");
}

// Attributes unchanged, for `commute` of operators that treat all axes alike.
inline std::optional<Attributes> CommuteUnchanged(const Graph&, const Node& node,
                                                  std::span<const int64_t>) {
  return node.attributes;
}

// `commute` of operators with one attribute `axis`.
std::optional<Attributes> CommuteAxis(const Node& node, std::span<const int64_t> perm,
                                      int64_t default_axis);

inline std::unexpected<Refusal> Refuse(std::string why) {
  return std::unexpected(Refusal{std::move(why)});
}
inline std::unexpected<Refusal> Refuse(const Error& error) {
  Refusal refusal{error.message};
  if (error.code == ErrorCode::kOutOfMemory) refusal.out_of_memory = error;
  return std::unexpected(std::move(refusal));
}

}  // namespace insitu
