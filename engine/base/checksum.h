// Checksum: tells whether bytes were changed or cut short by accident, at the speed of memory.
// Eight lanes of h = rotl(h ^ word, 29) * odd over 64-bit words, folded into one number at the end.
// Invariant: a change of one word always changes the sum. No protection against intent.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace insitu {

class Checksum {
 public:
  static constexpr size_t kStep = 64;

  // A multiple of kStep bytes.
  void Add(std::span<const std::byte> bytes) {
    for (size_t at = 0; at < bytes.size(); at += kStep) {
      uint64_t words[kLanes];
      std::memcpy(words, bytes.data() + at, kStep);
      for (size_t i = 0; i < kLanes; ++i) lanes_[i] = Mix(lanes_[i], words[i]);
    }
    bytes_ += bytes.size();
  }
  uint64_t value() const {
    uint64_t sum = Mix(0, bytes_);
    for (uint64_t lane : lanes_) sum = Mix(sum, lane);
    return sum;
  }

 private:
  static constexpr size_t kLanes = kStep / sizeof(uint64_t);
  static constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 / the golden ratio

  static uint64_t Mix(uint64_t sum, uint64_t word) { return std::rotl(sum ^ word, 29) * kOdd; }

  uint64_t lanes_[kLanes] = {};
  uint64_t bytes_ = 0;
};

}  // namespace insitu
