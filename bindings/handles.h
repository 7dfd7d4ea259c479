// Handles: the numbers by which JavaScript names objects that live in the instance.
// Invariant: a number is never given twice, so a stale one finds nothing instead of another object.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace insitu {

template <class T>
class Handles {
 public:
  // `kind` names the objects in errors: "session".
  explicit Handles(std::string_view kind) : kind_(kind) {}

  int32_t Add(std::unique_ptr<T> object) {
    objects_.emplace(++last_, std::move(object));
    return last_;
  }
  Result<T*> Find(int32_t handle) const {
    auto it = objects_.find(handle);
    if (it != objects_.end()) return it->second.get();
    return Fail(ErrorCode::kDisposed, "there is no " + kind_ + " " + std::to_string(handle),
                "It was disposed, or belongs to another Engine.");
  }
  void Erase(int32_t handle) { objects_.erase(handle); }

 private:
  std::string kind_;
  int32_t last_ = 0;
  std::map<int32_t, std::unique_ptr<T>> objects_;
};

}  // namespace insitu
