// SHA-256 (FIPS 180-4), incremental, for the integrity of models and the identity of profiles.
// Invariant: the digest does not depend on how the message was cut into updates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace insitu {

using Sha256Digest = std::array<uint8_t, 32>;

class Sha256 {
 public:
  void Update(std::span<const std::byte> bytes);
  // The digest of everything seen; the object is then as new.
  Sha256Digest Finish();

 private:
  void Compress(const std::byte* block);

  static constexpr std::array<uint32_t, 8> kInitial = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
                                                       0xa54ff53a, 0x510e527f, 0x9b05688c,
                                                       0x1f83d9ab, 0x5be0cd19};
  std::array<uint32_t, 8> state_ = kInitial;
  std::array<std::byte, 64> block_{};
  size_t filled_ = 0;
  uint64_t bytes_ = 0;
};

Sha256Digest Sha256Of(std::span<const std::byte> bytes);
// 64 lower-case hexadecimal digits.
std::string ToHex(const Sha256Digest& digest);

}  // namespace insitu
