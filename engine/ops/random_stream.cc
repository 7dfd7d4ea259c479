// MT19937 and seeds.
#include "ops/random_stream.h"

#include <atomic>
#include <bit>
#include <cmath>

#include "base/clock.h"

namespace insitu {
namespace {

constexpr size_t kShift = 397;

// Spreads all bits over the lower half (the finisher of splitmix64).
uint32_t Mix(uint64_t bits) {
  bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
  return static_cast<uint32_t>(bits ^ bits >> 31);
}

uint32_t FreshSeed() {
  static std::atomic<uint64_t> calls = 0;
  return Mix(std::bit_cast<uint64_t>(NowMs()) + 0x9e3779b97f4a7c15u * ++calls);
}

// Whole numbers below 2^32 are taken as they are, as numpy does.
uint32_t SeedOf(double seed) {
  if (seed >= 0 && seed < 4294967296.0 && seed == std::floor(seed))
    return static_cast<uint32_t>(seed);
  return Mix(std::bit_cast<uint64_t>(seed));
}

}  // namespace

RandomStream::RandomStream(uint32_t seed) : position_(state_.size()) {
  state_[0] = seed;
  for (uint32_t i = 1; i < state_.size(); ++i)
    state_[i] = 1812433253u * (state_[i - 1] ^ state_[i - 1] >> 30) + i;
}

uint32_t RandomStream::Next() {
  const size_t size = state_.size();
  if (position_ == size) {
    for (size_t i = 0; i < size; ++i) {
      const uint32_t joined = (state_[i] & 0x80000000u) | (state_[(i + 1) % size] & 0x7fffffffu);
      state_[i] = state_[(i + kShift) % size] ^ joined >> 1 ^ (joined & 1 ? 0x9908b0dfu : 0);
    }
    position_ = 0;
  }
  uint32_t word = state_[position_++];
  word ^= word >> 11;
  word ^= word << 7 & 0x9d2c5680u;
  word ^= word << 15 & 0xefc60000u;
  return word ^ word >> 18;
}

double RandomStream::Uniform() {
  const uint32_t high = Next() >> 5, low = Next() >> 6;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

double RandomStream::Normal() {
  if (spare_) {
    const double value = *spare_;
    spare_.reset();
    return value;
  }
  double x, y, square;
  do {
    x = 2 * Uniform() - 1;
    y = 2 * Uniform() - 1;
    square = x * x + y * y;
  } while (square >= 1 || square == 0);
  const double factor = std::sqrt(-2 * std::log(square) / square);
  spare_ = factor * x;
  return factor * y;
}

RandomStream RandomStreamOf(const Node& node) {
  if (!node.Has("seed")) return RandomStream(FreshSeed());
  const auto integer = static_cast<double>(node.Attr<int64_t>("seed", 0));
  return RandomStream(SeedOf(integer + node.Attr<float>("seed", 0)));
}

}  // namespace insitu
