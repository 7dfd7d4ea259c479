// Typed reading of JSON members; every failure is one message of the same form.
#include "monitor/json_fields.h"

#include <cmath>

namespace insitu {
namespace {

// Readable bounds: integers without a fraction.
std::string Text(double value) {
  JsonWriter out;
  out.Number(value);
  return out.Take();
}

}  // namespace

std::unexpected<Error> JsonFields::Wrong(std::string_view key, std::string_view what) const {
  return Fail(ErrorCode::kInvalidArgument,
              owner_ + ": '" + std::string(key) + "' " + std::string(what),
              "See docs/monitoring.md for the format.");
}

Result<double> JsonFields::Number(std::string_view key, double low, double high) const {
  const Json* member = json_.Find(key);
  const double* number = member ? member->AsNumber() : nullptr;
  if (!number || !(*number >= low && *number <= high))
    return Wrong(key, "must be a number from " + Text(low) + " to " + Text(high));
  return *number;
}

Result<uint64_t> JsonFields::Count(std::string_view key) const {
  INSITU_ASSIGN(const double number, Number(key, 0, 9007199254740992.0));
  if (number != std::floor(number)) return Wrong(key, "must be a whole number");
  return static_cast<uint64_t>(number);
}

Result<std::string> JsonFields::String(std::string_view key) const {
  const Json* member = json_.Find(key);
  const std::string* text = member ? member->AsString() : nullptr;
  if (!text) return Wrong(key, "must be a string");
  return *text;
}

Result<const Json::Array*> JsonFields::Array(std::string_view key) const {
  const Json* member = json_.Find(key);
  const Json::Array* array = member ? member->AsArray() : nullptr;
  if (!array) return Wrong(key, "must be an array");
  return array;
}

}  // namespace insitu
