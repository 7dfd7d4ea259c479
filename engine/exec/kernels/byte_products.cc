// The quad and the pair scheme: data and weights stay bytes. Weights lie as pair_spill.h says;
// where pairs saturate, places for spilled weights follow. The zero point of the data is taken off
// at the start: sum (x - z) w = sum x w - z sum w, modulo 2^32.
#include <algorithm>

#include "exec/kernels/byte_dot.h"
#include "exec/kernels/integer_products.h"
#include "exec/kernels/pair_spill.h"
#include "exec/kernels/product_tiles.h"

namespace insitu::kernels {
namespace {

constexpr size_t kGroup = kPlacesOfGroup, kGroupBytes = kBytesOfGroup;

struct Spilled {
  const int8_t* weights = nullptr;    // groups like the others
  const uint32_t* sources = nullptr;  // the element of a row for each place
  size_t groups = 0;
};

#ifdef __wasm_relaxed_simd__
struct QuadStep {
  static v128_t Add(v128_t sums, v128_t weights, v128_t data) {
    return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(weights, data, sums);
  }
};
struct PairStep {
  static v128_t Add(v128_t sums, v128_t weights, v128_t data) {
    const v128_t pairs = wasm_i16x8_relaxed_dot_i8x16_i7x16(weights, data);
    return wasm_i32x4_add(sums, wasm_i32x4_dot_i16x8(pairs, wasm_i16x8_splat(1)));
  }
};

// The same four bytes for all columns.
struct PlainData {
  v128_t operator()(const std::byte* row, size_t group) const {
    return wasm_v128_load32_splat(row + group * kGroup);
  }
};
struct SpilledData {
  const uint32_t* sources;

  v128_t operator()(const std::byte* row, size_t group) const {
    uint32_t four = 0;
    for (size_t i = 0; i < kGroup; ++i)
      four |= static_cast<uint32_t>(row[sources[group * kGroup + i]]) << (8 * i);
    return wasm_i32x4_splat(static_cast<int32_t>(four));
  }
};

// Inlined, or the sums would be kept in memory.
template <class Step, size_t kRows, class Data>
[[gnu::always_inline]] inline void AddGroups(const std::byte* const (&rows)[kRows],
                                             const int8_t* weights, size_t groups, const Data& data,
                                             EightSums (&sums)[kRows]) {
#pragma unroll 2
  for (size_t g = 0; g < groups; ++g, weights += kGroupBytes) {
    const v128_t low = wasm_v128_load(weights), high = wasm_v128_load(weights + kGroupBytes / 2);
    for (size_t r = 0; r < kRows; ++r) {
      const v128_t four = data(rows[r], g);
      sums[r].low = Step::Add(sums[r].low, low, four);
      sums[r].high = Step::Add(sums[r].high, high, four);
    }
  }
}
#else
struct QuadStep {};
struct PairStep {};

// As x86 does it, so that weights beyond the limits give wrong sums.
void AddPair(const int8_t* weights, size_t place, std::byte x0, std::byte x1, EightSums& to) {
  int32_t sums[EightSums::kCount];
  to.Store(sums);
  for (size_t c = 0; c < EightSums::kCount; ++c) {
    const int8_t* w = weights + place / kGroup * kGroupBytes + c * kGroup + place % kGroup;
    const int32_t pair = static_cast<int32_t>(x0) * w[0] + static_cast<int32_t>(x1) * w[1];
    sums[c] = WrappingAdd(sums[c], std::clamp(pair, -32768, 32767));
  }
  to.Load(sums);
}

#endif

// sums[row] = starts + sum of row * column, wrapping.
template <class Step, size_t kRows>
void SumTile(const std::byte* const (&rows)[kRows], const int8_t* weights, size_t groups,
             const Spilled& spilled, const int32_t* starts, EightSums (&sums)[kRows]) {
  for (EightSums& eight : sums) eight.Load(starts);
#ifdef __wasm_relaxed_simd__
  AddGroups<Step>(rows, weights, groups, PlainData{}, sums);
  AddGroups<Step>(rows, spilled.weights, spilled.groups, SpilledData{spilled.sources}, sums);
#else
  for (size_t r = 0; r < kRows; ++r) {
    for (size_t place = 0; place < groups * kGroup; place += 2)
      AddPair(weights, place, rows[r][place], rows[r][place + 1], sums[r]);
    for (size_t place = 0; place < spilled.groups * kGroup; place += 2)
      AddPair(spilled.weights, place, rows[r][spilled.sources[place]],
              rows[r][spilled.sources[place + 1]], sums[r]);
  }
#endif
}

size_t Groups(size_t places) { return (places + kGroup - 1) / kGroup; }

// The spilled weights of all blocks while they are packed.
class Spills {
 public:
  Status Add(const std::vector<SpilledBlock::Spill>& spills) {
    const size_t first = ends_.empty() ? 0 : ends_.back(), end = first + Groups(spills.size());
    ends_.push_back(static_cast<uint32_t>(end));
    if (end == first) return {};
    INSITU_TRY(weights_.Grow(end * kGroupBytes));
    INSITU_TRY(sources_.Grow(end * kGroup * sizeof(uint32_t)));
    auto* weights = Cast<int8_t>(weights_.data()) + first * kGroupBytes;
    auto* sources = Cast<uint32_t>(sources_.data()) + first * kGroup;
    std::fill_n(weights, (end - first) * kGroupBytes, int8_t{0});
    std::fill_n(sources, (end - first) * kGroup, 0u);
    for (size_t place = 0; place < spills.size(); ++place) {
      for (size_t c = 0; c < SpilledBlock::kColumns; ++c)
        weights[ByteAt(place, c)] = spills[place].weights[c];
      sources[place] = static_cast<uint32_t>(spills[place].source);
    }
    return {};
  }

  Result<Buffer> Weights() const { return Buffer::Copy(weights_.data(), Count() * kGroupBytes); }
  Result<Buffer> Sources() const {
    return Buffer::Copy(sources_.data(), Count() * kGroup * sizeof(uint32_t));
  }
  Result<Buffer> Ends() const {
    return Buffer::Copy(ends_.data(), ends_.size() * sizeof(uint32_t));
  }

 private:
  size_t Count() const { return ends_.back(); }

  Buffer weights_, sources_;
  std::vector<uint32_t> ends_;  // groups up to the end of each block
};

template <class Step>
class ByteProducts final : public IntegerProducts {
 public:
  ByteProducts(const ByteDot& dot, PackedWeights packed)
      : IntegerProducts(std::move(packed)), dot_(dot) {}

  Status Pack(const LinearNumbers& n, size_t groups) {
    groups_of_places_ = Groups(n.depth());
    INSITU_TRY(Init(n, groups, groups_of_places_ * kGroup));
    input_ = n.input;
    const size_t blocks = groups * blocks_;
    Buffer sums;
    Spills spills;
    INSITU_ASSIGN(weights_, packed_.Next([&]() -> Result<Buffer> {
      INSITU_ASSIGN(Buffer weights, Buffer::Zeroed(blocks * groups_of_places_ * kGroupBytes));
      INSITU_ASSIGN(sums, Buffer::Zeroed(starts() * sizeof(int32_t)));
      for (size_t block = 0; block < blocks; ++block) {
        const size_t b = block % blocks_;
        const SpilledBlock placed(
            n, FirstColumn(block / blocks_, b), ColumnsOf(b), Limits(),
            Cast<int8_t>(weights.data()) + block * groups_of_places_ * kGroupBytes);
        std::ranges::copy(placed.sums(), Cast<int32_t>(sums.data()) + block * kColumns);
        INSITU_TRY(spills.Add(placed.spills()));
      }
      return weights;
    }));
    INSITU_ASSIGN(sums_, packed_.Next([&]() -> Result<Buffer> { return std::move(sums); }));
    INSITU_ASSIGN(spilled_, packed_.Next([&] { return spills.Weights(); }));
    INSITU_ASSIGN(sources_, packed_.Next([&] { return spills.Sources(); }));
    INSITU_ASSIGN(spill_ends_, packed_.Next([&] { return spills.Ends(); }));
    return {};
  }

  double extra_share() const override {
    const size_t places = groups_ * blocks_ * groups_of_places_;
    return static_cast<double>(SpillEnd(groups_ * blocks_ - 1)) / static_cast<double>(places);
  }
  bool TakesDataAsItIs() const override { return Flip() == 0; }
  size_t element_bytes() const override { return 1; }

  void Convert(const std::byte* x, const WindowRun& run, int32_t, std::byte* to) const override {
#ifdef __wasm_simd128__
    const v128_t flip = wasm_i8x16_splat(static_cast<int8_t>(Flip()));
    ForEachPiece(x, run, to, [flip, count = run.elements](const std::byte* from, std::byte* piece) {
      for (size_t i = 0; i < count; i += sizeof(v128_t))
        wasm_v128_store(piece + i, wasm_v128_xor(wasm_v128_load(from + i), flip));
    });
#else
    ForEachPiece(x, run, to, [&](const std::byte* from, std::byte* piece) {
      for (size_t i = 0; i < run.elements; ++i) piece[i] = from[i] ^ std::byte{Flip()};
    });
#endif
  }
  void Pad(size_t count, int32_t zero_point, std::byte* to) const override {
    const auto byte = static_cast<std::byte>(zero_point) ^ std::byte{Flip()};
#ifdef __wasm_simd128__
    const v128_t bytes = wasm_i8x16_splat(static_cast<int8_t>(byte));
    for (size_t i = 0; i < count; i += sizeof(v128_t)) wasm_v128_store(to + i, bytes);
#else
    std::fill_n(to, count, byte);
#endif
  }

  void Starts(int32_t zero_point, int32_t* to) const override {
    const int32_t lowest = input_ == DType::kInt8 ? -128 : 0;
    const int32_t zero = zero_point - lowest + (dot_.unsigned_data ? 0 : -128);
    const auto* sums = Cast<int32_t>(sums_.data());
    for (size_t i = 0; i < starts(); ++i)
      to[i] = static_cast<int32_t>(static_cast<uint32_t>(bias()[i]) -
                                   static_cast<uint32_t>(zero) * static_cast<uint32_t>(sums[i]));
  }

  void Run(const Rows& rows, const ProductRange& range) const override {
    RunTiles(
        rows, range, blocks_,
        [this]<size_t kRows>(const std::byte* const(&tile)[kRows], size_t block,
                             const int32_t* starts, EightSums(&sums)[kRows]) {
          SumTile<Step>(tile,
                        Cast<int8_t>(weights_.data()) + block * groups_of_places_ * kGroupBytes,
                        groups_of_places_, SpilledOf(block), starts, sums);
        },
        [this](size_t block) { return ColumnsOf(block); }, results_);
  }

 private:
  // What data are changed by to be of the sign that the instruction takes.
  uint8_t Flip() const { return (input_ == DType::kInt8) == dot_.unsigned_data ? 0x80 : 0; }

  const PairLimits* Limits() const {
    static constexpr PairLimits kUnsigned{128, -128}, kSigned{255, -255};
    if (dot_.exact) return nullptr;
    return dot_.unsigned_data ? &kUnsigned : &kSigned;
  }

  // Groups up to the end of a block's.
  size_t SpillEnd(size_t block) const { return Cast<uint32_t>(spill_ends_.data())[block]; }
  Spilled SpilledOf(size_t block) const {
    const size_t first = block == 0 ? 0 : SpillEnd(block - 1);
    return {Cast<int8_t>(spilled_.data()) + first * kGroupBytes,
            Cast<uint32_t>(sources_.data()) + first * kGroup, SpillEnd(block) - first};
  }

  ByteDot dot_;
  DType input_ = DType::kUint8;
  size_t groups_of_places_ = 0;
  PackedWeights::Piece weights_;            // [blocks, groups of places, 2, 4 columns, 4 places]
  PackedWeights::Piece sums_;               // int32, of the weights of each column
  PackedWeights::Piece spilled_, sources_;  // as Spilled, one block behind the other
  PackedWeights::Piece spill_ends_;         // uint32 per block
};

template <class Step>
Result<std::unique_ptr<IntegerProducts>> PackAs(const LinearNumbers& n, size_t groups,
                                                const ByteDot& dot, PackedWeights packed) {
  auto products = std::make_unique<ByteProducts<Step>>(dot, std::move(packed));
  INSITU_TRY(products->Pack(n, groups));
  return products;
}

}  // namespace

Result<std::unique_ptr<IntegerProducts>> PackBytes(const LinearNumbers& n, size_t groups,
                                                   ProductScheme scheme, PackedWeights packed) {
  return scheme == ProductScheme::kQuad ? PackAs<QuadStep>(n, groups, QuadDot(), std::move(packed))
                                        : PackAs<PairStep>(n, groups, PairDot(), std::move(packed));
}

}  // namespace insitu::kernels
