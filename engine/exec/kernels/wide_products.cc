// The wide scheme: data and weights as int16, less their zero points, whose products and sums are
// exact for every zero point. Weights are kept as bytes where they fit.
#include <algorithm>

#include "exec/kernels/integer_products.h"
#include "exec/kernels/product_tiles.h"
#include "exec/kernels/wide_tile.h"

namespace insitu::kernels {
namespace {

constexpr size_t kGroup = kWideGroup, kOfGroup = kGroup * IntegerProducts::kColumns;

template <class W>
class WideProducts final : public IntegerProducts {
 public:
  explicit WideProducts(PackedWeights packed) : IntegerProducts(std::move(packed)) {}

  Status Pack(const LinearNumbers& n, size_t groups) {
    groups_of_places_ = (n.depth() + kGroup - 1) / kGroup;
    INSITU_TRY(Init(n, groups, groups_of_places_ * kGroup * sizeof(int16_t)));
    input_ = n.input;
    const size_t of_block = groups_of_places_ * kOfGroup;
    INSITU_ASSIGN(weights_,
                  packed_.Next(groups * blocks_ * of_block * sizeof(W), [&](std::byte* bytes) {
                    auto* to = Cast<W>(bytes);
                    for (size_t g = 0; g < groups; ++g)
                      for (size_t b = 0; b < blocks_; ++b, to += of_block)
                        for (size_t c = 0; c < ColumnsOf(b); ++c)
                          PlaceColumn(n.column(FirstColumn(g, b) + c), c, to);
                  }));
    return {};
  }

  size_t element_bytes() const override { return sizeof(int16_t); }

  void Convert(const std::byte* x, const WindowRun& run, int32_t zero_point,
               std::byte* to) const override {
#ifdef __wasm_simd128__
    const v128_t zero = wasm_i16x8_splat(static_cast<int16_t>(zero_point));
    const auto widen = [&](auto load) {
      ForEachPiece(
          x, run, to, [zero, load, count = run.elements](const std::byte* from, std::byte* piece) {
            for (size_t i = 0; i < count; i += 8)
              wasm_v128_store(piece + i * sizeof(int16_t), wasm_i16x8_sub(load(from + i), zero));
          });
    };
    if (input_ == DType::kInt8)
      widen([](const std::byte* from) { return wasm_i16x8_load8x8(from); });
    else
      widen([](const std::byte* from) { return wasm_u16x8_load8x8(from); });
#else
    ForEachPiece(x, run, to, [&](const std::byte* from, std::byte* piece) {
      for (size_t i = 0; i < run.elements; ++i) {
        const int32_t value = input_ == DType::kInt8 ? int32_t{Cast<int8_t>(from)[i]}
                                                     : int32_t{Cast<uint8_t>(from)[i]};
        Cast<int16_t>(piece)[i] = static_cast<int16_t>(value - zero_point);
      }
    });
#endif
  }
  void Pad(size_t count, int32_t, std::byte* to) const override {
#ifdef __wasm_simd128__
    for (size_t i = 0; i < count; i += 8)
      wasm_v128_store(to + i * sizeof(int16_t), wasm_i64x2_splat(0));
#else
    std::fill_n(Cast<int16_t>(to), count, int16_t{0});
#endif
  }
  void Starts(int32_t, int32_t* to) const override { std::copy_n(bias(), starts(), to); }

  void Run(const Rows& rows, const ProductRange& range) const override {
    RunTiles(
        rows, range, blocks_,
        [this]<size_t kRows>(const std::byte* const(&tile)[kRows], size_t block,
                             const int32_t* starts, EightSums(&sums)[kRows]) {
          WideTile(tile, Cast<W>(weights_.data()) + block * groups_of_places_ * kOfGroup,
                   groups_of_places_, starts, sums);
        },
        [this](size_t block) { return ColumnsOf(block); }, results_);
  }

 private:
  // The weights of a column less their zero point.
  void PlaceColumn(const LinearNumbers::Column& column, size_t c, W* to) const {
    const auto place = [to, c](size_t k) { return to + WidePlace(k, c); };
    if constexpr (sizeof(W) == 1)
      column.CopyBytes<uint16_t>(depth_, place);
    else
      for (size_t k = 0; k < depth_; ++k) *place(k) = static_cast<W>(column[k]);
  }

  DType input_ = DType::kUint8;
  size_t groups_of_places_ = 0;
  PackedWeights::Piece weights_;  // W [blocks, groups of places, 8 columns, 2 places]
};

template <class W>
Result<std::unique_ptr<IntegerProducts>> PackAs(const LinearNumbers& n, size_t groups,
                                                PackedWeights packed) {
  auto products = std::make_unique<WideProducts<W>>(std::move(packed));
  INSITU_TRY(products->Pack(n, groups));
  return products;
}

}  // namespace

Result<std::unique_ptr<IntegerProducts>> PackWide(const LinearNumbers& n, size_t groups,
                                                  PackedWeights packed) {
  INSITU_ASSIGN(const bool bytes, packed.Number([&] { return HasByteWeights(n); }));
  return bytes ? PackAs<int8_t>(n, groups, std::move(packed))
               : PackAs<int16_t>(n, groups, std::move(packed));
}

}  // namespace insitu::kernels
