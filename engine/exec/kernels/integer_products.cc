// Which way is taken, and what all ways share.
#include "exec/kernels/integer_products.h"

#include "exec/kernels/byte_dot.h"

namespace insitu::kernels {
namespace {

// Above this share of spilled weights the wide scheme is faster than the pair scheme.
constexpr double kMostSpilled = 0.12;

Result<std::unique_ptr<IntegerProducts>> PackAs(const LinearNumbers& n, size_t groups,
                                                ProductScheme scheme, PackedWeights packed) {
  if (scheme == ProductScheme::kWide) return PackWide(n, groups, std::move(packed));
  if (!(scheme == ProductScheme::kQuad ? QuadDot() : PairDot()).available)
    return Fail(ErrorCode::kUnsupportedOp, "this processor does not multiply bytes that way");
  return PackBytes(n, groups, scheme, std::move(packed));
}

}  // namespace

bool HasByteWeights(const LinearNumbers& n) {
  const bool is_signed = n.weights.dtype() == DType::kInt8;
  for (size_t c = 0; c < n.columns(); ++c) {
    if (n.weight_zero_point(c) == (is_signed ? 0 : 128)) continue;
    const LinearNumbers::Column column = n.column(c);
    for (size_t k = 0; k < n.depth(); ++k)
      if (column[k] < -128 || column[k] > 127) return false;
  }
  return true;
}

Result<std::unique_ptr<IntegerProducts>> IntegerProducts::Pack(const LinearNumbers& n,
                                                               size_t groups,
                                                               PackedWeights packed) {
  if (packed.restored()) {
    INSITU_ASSIGN(const int64_t scheme, packed.Number([] { return 0; }));
    return PackAs(n, groups, static_cast<ProductScheme>(scheme), std::move(packed));
  }
  const bool bytes = HasByteWeights(n);
  if (QuadDot().fast && QuadDot().exact && bytes) return Pack(n, groups, ProductScheme::kQuad);
  if (PairDot().fast && bytes) {
    INSITU_ASSIGN(auto pairs, Pack(n, groups, ProductScheme::kPair));
    if (pairs->extra_share() <= kMostSpilled) return pairs;
  }
  return Pack(n, groups, ProductScheme::kWide);
}

Result<std::unique_ptr<IntegerProducts>> IntegerProducts::Pack(const LinearNumbers& n,
                                                               size_t groups,
                                                               ProductScheme scheme) {
  PackedWeights packed;
  INSITU_TRY(packed.Number([&] { return static_cast<int64_t>(scheme); }));
  return PackAs(n, groups, scheme, std::move(packed));
}

Status IntegerProducts::Init(const LinearNumbers& n, size_t groups, size_t row_bytes) {
  groups_ = groups;
  of_group_ = n.columns() / groups;
  blocks_ = (of_group_ + kColumns - 1) / kColumns;
  depth_ = n.depth();
  row_bytes_ = row_bytes;
  INSITU_ASSIGN(results_, LinearResults::Of(n, groups));
  INSITU_ASSIGN(bias_, Buffer::Zeroed(starts() * sizeof(int32_t)));
  if (n.bias.empty() || n.bias.dtype() != DType::kInt32) return {};
  auto* bias = Cast<int32_t>(bias_.data());
  for (size_t c = 0; c < n.columns(); ++c)
    bias[c / of_group_ * blocks_ * kColumns + c % of_group_] = n.bias.As<int32_t>()[c];
  return {};
}

}  // namespace insitu::kernels
