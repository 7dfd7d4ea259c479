// Error and Result: how every layer reports failure without exceptions.
// Invariant: a message says what is wrong and where; `hint` says what the caller can do about it.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace insitu {

// The closed set of failure kinds that cross the JavaScript boundary (InsituError.code).
enum class ErrorCode : uint8_t {
  kInvalidModel,
  kUnsupportedOp,
  kUnsupportedType,
  kInvalidArgument,
  kShapeMismatch,
  kLimitExceeded,
  kOutOfMemory,
  kIntegrity,
  kNetwork,
  kDataQuality,
  kCancelled,
  kDisposed,
  kCrashed,
  kInternal,
};

// The spelling used in JavaScript and on the command line, for example "ShapeMismatch".
std::string_view Name(ErrorCode code);

// What moves and copies it is out of line: there are thousands of places that pass an error on.
struct Error {
  Error();
  Error(ErrorCode the_code, std::string the_message, std::string the_node = {},
        std::string the_op = {}, std::string the_hint = {});
  Error(const Error&);
  Error(Error&&) noexcept;
  Error& operator=(const Error&);
  Error& operator=(Error&&) noexcept;
  ~Error();

  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string node;  // name of the graph node, or of the input or output, where it happened
  std::string op;    // operator type of that node
  std::string hint;  // what to do

  // Fills in the place when a deeper layer did not know it.
  Error&& At(std::string_view node_name, std::string_view op_type) &&;
};

// "InvalidModel: message (node 'x', op Conv). hint" on one line, for logs and tests.
std::string ToString(const Error& error);

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

// The short way to fail: `return Fail(ErrorCode::kInvalidModel, "what", "what to do");`
std::unexpected<Error> Fail(ErrorCode code, std::string_view message, std::string_view hint = {});

}  // namespace insitu

#define INSITU_CONCAT_INNER(a, b) a##b
#define INSITU_CONCAT(a, b) INSITU_CONCAT_INNER(a, b)

// Returns the error of `expression`, a Status or Result, from the enclosing function.
#define INSITU_TRY(expression)                                          \
  do {                                                                  \
    if (auto insitu_status = (expression); !insitu_status) [[unlikely]] \
      return std::unexpected(std::move(insitu_status).error());         \
  } while (false)

// `INSITU_ASSIGN(auto x, Compute());` binds the value or returns the error.
#define INSITU_ASSIGN(target, expression)                                               \
  auto INSITU_CONCAT(insitu_result_, __LINE__) = (expression);                          \
  if (!INSITU_CONCAT(insitu_result_, __LINE__)) [[unlikely]]                            \
    return std::unexpected(std::move(INSITU_CONCAT(insitu_result_, __LINE__)).error()); \
  target = *std::move(INSITU_CONCAT(insitu_result_, __LINE__))
