// JsonFields: typed reading of an object's members, with errors that name the member and its owner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace insitu {

class JsonFields {
 public:
  // `owner` is what errors call the object, for example "profile feature 'input.mean'".
  JsonFields(const Json& json, std::string owner) : json_(json), owner_(std::move(owner)) {}

  // Each fails with InvalidArgument where the member is missing or of another kind.
  Result<double> Number(std::string_view key, double low, double high) const;
  Result<uint64_t> Count(std::string_view key) const;  // an integer in 0..2^53
  Result<std::string> String(std::string_view key) const;
  Result<const Json::Array*> Array(std::string_view key) const;
  // The error "<owner>: '<key>' <what>".
  std::unexpected<Error> Wrong(std::string_view key, std::string_view what) const;

 private:
  const Json& json_;
  std::string owner_;
};

}  // namespace insitu
