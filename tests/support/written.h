// An archive in memory, as a file would hold it.
#pragma once

#include <memory>

#include "base/archive.h"
#include "base/buffer.h"

namespace insitu::test {

inline std::shared_ptr<Buffer> Written(Archive& archive, size_t most = 1 << 20) {
  std::vector<std::byte> bytes;
  for (auto part = archive.NextPart(most); !part.empty(); part = archive.NextPart(most))
    bytes.insert(bytes.end(), part.begin(), part.end());
  return std::make_shared<Buffer>(Buffer::Copy(bytes.data(), bytes.size()).value());
}

inline Result<Archive> Opened(const std::shared_ptr<Buffer>& written) {
  return Archive::Open({written->data(), written->size()}, written);
}

}  // namespace insitu::test
