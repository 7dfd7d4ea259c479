// Strings: the contents of a tensor of strings, counted. They do not come from Buffer, so that what
// all of them together take is bounded here.
// Invariant: what live Strings have counted together is at most kMostLiveStringBytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/archive.h"
#include "base/error.h"

namespace insitu {

class Strings {
 public:
  std::vector<std::string> list;

  Strings() = default;
  explicit Strings(std::vector<std::string> strings) : list(std::move(strings)) {}
  Strings(const Strings&) = delete;
  Strings& operator=(const Strings&) = delete;
  ~Strings();

  // `count` empty ones. LimitExceeded where one tensor may not have as many, or all together.
  static Result<std::shared_ptr<Strings>> Allocate(int64_t count);
  // Counts what the list holds by now. LimitExceeded as above, or for the bytes of the strings.
  Status Count();

  void Transfer(Archive& archive);

 private:
  int64_t counted_ = 0;  // bytes
};

}  // namespace insitu
