// Concatenation along any axis, as copies of contiguous rows.
#include <cstring>
#include <vector>

#include "exec/kernels/kernels.h"

namespace insitu::kernels {
namespace {

class ConcatKernel final : public Kernel {
 public:
  explicit ConcatKernel(const lowered::Concat& op) : dtype_(op.dtype), axis_(op.axis) {}

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    const auto axis = static_cast<size_t>(axis_);
    const Dims& out = outputs[0];
    row_bytes_.clear();
    if (axis >= out.size())
      return Fail(ErrorCode::kShapeMismatch, "Concat along axis " + std::to_string(axis_) +
                                                 " of a tensor of shape " + ToString(out));
    rows_ = static_cast<size_t>(ElementsUnchecked(std::span(out).first(axis)));
    for (const Dims& in : inputs)
      row_bytes_.push_back(ByteSize(dtype_, ElementsUnchecked(std::span(in).subspan(axis))));
    return 0;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    std::byte* to = outputs[0];
    for (size_t row = 0; row < rows_; ++row) {
      for (size_t i = 0; i < row_bytes_.size(); ++i) {
        if (row_bytes_[i] == 0) continue;
        std::memcpy(to, inputs[i] + row * row_bytes_[i], row_bytes_[i]);
        to += row_bytes_[i];
      }
    }
    return {};
  }

 private:
  DType dtype_;
  int64_t axis_;
  size_t rows_ = 0;
  std::vector<size_t> row_bytes_;
};

}  // namespace

Considered Consider(const lowered::Concat& op) {
  if (BitWidth(op.dtype) < 8) return Refuse("only elements of whole bytes");
  if (op.axis < 0) return Refuse("a negative axis");
  return Offer{.cost = 2.0};
}

Created Create(const lowered::Concat& op, const ThreadPool&, PackedWeights) {
  return std::make_unique<ConcatKernel>(op);
}

}  // namespace insitu::kernels
