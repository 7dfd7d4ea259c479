// How a call answers JavaScript: { ok: value } or { error: { code, message, node, op, hint } }, and
// the conversions between val and the engine's types that all bindings share.
// Invariant: no binding aborts or throws on bad input; Answer is the only place errors cross over.
#pragma once

#include <emscripten/val.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/tensor.h"

namespace insitu {

using emscripten::val;

val ErrorToJs(const Error& error);

inline val Ok(val value) {
  val outcome = val::object();
  outcome.set("ok", std::move(value));
  return outcome;
}

inline val Failed(const Error& error) {
  val outcome = val::object();
  outcome.set("error", ErrorToJs(error));
  return outcome;
}

// The outcome of a Result or Status; values other than val are converted by Embind.
template <class T>
val Answer(Result<T> result) {
  if (!result) return Failed(result.error());
  if constexpr (std::is_void_v<T>)
    return Ok(val::undefined());
  else
    return Ok(val(*std::move(result)));
}

// Pointers and sizes are plain numbers in JavaScript.
inline double ToNumber(const void* pointer) {
  return static_cast<double>(reinterpret_cast<uintptr_t>(pointer));
}

val ToArray(std::span<const int64_t> numbers);
val ToArray(std::span<const std::string> strings);
// Extents from an array of numbers; InvalidArgument for what is no extent.
Result<Dims> ToDims(const val& array);
// A whole number from 0 to 1e12; InvalidArgument, which calls it `what`, for others.
Result<uint64_t> ToCount(const val& number, std::string_view what);
std::vector<std::string> ToStrings(const val& array);
// The own property names of an object.
std::vector<std::string> Keys(const val& object);
// { pointer, byteLength }.
val BytesToJs(std::span<const std::byte> bytes);
// { name, dtype, dims, pointer, byteLength }; for strings { name, dtype, dims, strings }, for what
// is no tensor { name, dtype, dims, items }.
val ToJs(std::string_view name, const Tensor& tensor);

}  // namespace insitu
