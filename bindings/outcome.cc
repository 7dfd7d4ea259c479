// Conversions between JavaScript values and the engine's types.
#include "outcome.h"

#include <cmath>

namespace insitu {

val ErrorToJs(const Error& error) {
  val fields = val::object();
  fields.set("code", std::string(Name(error.code)));
  fields.set("message", error.message);
  if (!error.node.empty()) fields.set("node", error.node);
  if (!error.op.empty()) fields.set("op", error.op);
  if (!error.hint.empty()) fields.set("hint", error.hint);
  return fields;
}

val ToArray(std::span<const int64_t> numbers) {
  val array = val::array();
  for (size_t i = 0; i < numbers.size(); ++i) array.set(i, static_cast<double>(numbers[i]));
  return array;
}

val ToArray(std::span<const std::string> strings) {
  val array = val::array();
  for (size_t i = 0; i < strings.size(); ++i) array.set(i, strings[i]);
  return array;
}

Result<Dims> ToDims(const val& array) {
  constexpr double kLargest = 9007199254740991.0;  // Number.MAX_SAFE_INTEGER
  Dims dims;
  for (double number : emscripten::vecFromJSArray<double>(array)) {
    if (!(number >= 0 && number <= kLargest) || number != std::floor(number)) {
      return Fail(ErrorCode::kInvalidArgument, "a dim is " + std::to_string(number),
                  "Every dim is a whole number, zero or more.");
    }
    dims.push_back(static_cast<int64_t>(number));
  }
  return dims;
}

Result<uint64_t> ToCount(const val& number, std::string_view what) {
  constexpr double kLargest = 1e12;
  const double value = number.as<double>();
  if (value >= 0 && value <= kLargest && value == std::floor(value))
    return static_cast<uint64_t>(value);
  return Fail(ErrorCode::kInvalidArgument, std::string(what) + " is " + std::to_string(value),
              "Pass a whole number, zero or more.");
}

std::vector<std::string> ToStrings(const val& array) {
  return emscripten::vecFromJSArray<std::string>(array);
}

std::vector<std::string> Keys(const val& object) {
  return ToStrings(val::global("Object").call<val>("keys", object));
}

val BytesToJs(std::span<const std::byte> bytes) {
  val fields = val::object();
  fields.set("pointer", ToNumber(bytes.data()));
  fields.set("byteLength", static_cast<double>(bytes.size()));
  return fields;
}

val ToJs(std::string_view name, const Tensor& tensor) {
  val fields = val::object();
  fields.set("name", std::string(name));
  fields.set("dtype", std::string(Name(tensor.dtype())));
  fields.set("dims", ToArray(tensor.dims()));
  if (tensor.dtype() == DType::kString) {
    fields.set("strings", ToArray(std::span<const std::string>(tensor.strings())));
  } else if (!IsTensorType(tensor.dtype())) {
    val items = val::array();
    for (const Tensor& item : tensor.items()) items.call<void>("push", ToJs("", item));
    fields.set("items", items);
  } else {
    fields.set("pointer", ToNumber(tensor.data()));
    fields.set("byteLength", static_cast<double>(tensor.size_bytes()));
  }
  return fields;
}

}  // namespace insitu
