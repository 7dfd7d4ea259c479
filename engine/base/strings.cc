// The count of bytes in strings, and the limits on it.
#include "base/strings.h"

#include <atomic>

#include "base/limits.h"

namespace insitu {
namespace {

std::atomic<int64_t> live_bytes{0};

std::unexpected<Error> TooMany(const std::string& what, int64_t limit, std::string_view unit) {
  return Fail(ErrorCode::kLimitExceeded,
              what + " exceed the limit of " + std::to_string(limit) + " " + std::string(unit),
              "Use fewer or shorter strings, or a smaller batch.");
}

Status CheckCount(int64_t count) {
  if (count <= CurrentLimits().max_strings) return {};
  return TooMany("the " + std::to_string(count) + " strings of a tensor",
                 CurrentLimits().max_strings, "strings");
}

}  // namespace

Strings::~Strings() { live_bytes.fetch_sub(counted_, std::memory_order_relaxed); }

Result<std::shared_ptr<Strings>> Strings::Allocate(int64_t count) {
  INSITU_TRY(CheckCount(count));
  const auto bytes = count * static_cast<int64_t>(sizeof(std::string));
  if (live_bytes.load(std::memory_order_relaxed) + bytes > kMostLiveStringBytes)
    return TooMany("all strings together", kMostLiveStringBytes, "bytes");
  auto strings = std::make_shared<Strings>(std::vector<std::string>(static_cast<size_t>(count)));
  INSITU_TRY(strings->Count());
  return strings;
}

Status Strings::Count() {
  INSITU_TRY(CheckCount(static_cast<int64_t>(list.size())));
  int64_t text = 0;
  for (const std::string& string : list) text += static_cast<int64_t>(string.size());
  if (text > CurrentLimits().max_string_bytes)
    return TooMany("strings of " + std::to_string(text) + " bytes",
                   CurrentLimits().max_string_bytes, "bytes");
  const auto bytes = text + static_cast<int64_t>(list.size() * sizeof(std::string));
  const int64_t before = live_bytes.fetch_add(bytes - counted_, std::memory_order_relaxed);
  const int64_t added = bytes - counted_;
  counted_ = bytes;
  if (added <= 0 || before + added <= kMostLiveStringBytes) return {};
  return TooMany("all strings together", kMostLiveStringBytes, "bytes");
}

void Strings::Transfer(Archive& archive) {
  archive(list);
  if (!archive.reads() || archive.failed()) return;
  if (auto status = Count(); !status) archive.MarkFailed(std::move(status).error());
}

}  // namespace insitu
