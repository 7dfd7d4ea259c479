// PackedWeights: what a kernel has made of its weights, as pieces of memory and small numbers in
// the order in which it asks for them; so that they can be kept in an Archive and are there at once
// when the kernel is made again.
// Invariant: pieces are 64-byte aligned, readable kBufferPadding bytes around, and stay where they
// are when a PackedWeights is moved. One that is restored gives what was made, in the same order.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/archive.h"
#include "base/buffer.h"
#include "base/error.h"

namespace insitu {

class PackedWeights {
 public:
  using Piece = std::span<const std::byte>;

  // The next piece: `make`, a Result<Buffer>(), gives it where it is not there. OutOfMemory;
  // Internal where a restored one has no more.
  template <class Make>
  Result<Piece> Next(const Make& make) {
    if (restored_) return Given();
    INSITU_ASSIGN(Buffer made, make());
    pieces_.push_back({made.data(), made.size()});
    made_.push_back(std::move(made));
    return pieces_.back();
  }
  // The next piece, of so many bytes, zero before fill(std::byte*).
  template <class Fill>
  Result<Piece> Next(size_t bytes, const Fill& fill) {
    INSITU_ASSIGN(const Piece piece, Next([&]() -> Result<Buffer> {
                    INSITU_ASSIGN(Buffer made, Buffer::Zeroed(bytes));
                    fill(made.data());
                    return made;
                  }));
    if (piece.size() != bytes) return Misfit();
    return piece;
  }
  // The next number, which choose() gives where it is not there.
  template <class Choose>
  Result<int64_t> Number(const Choose& choose) {
    if (!restored_) numbers_.push_back(choose());
    if (next_number_ == numbers_.size()) return Misfit();
    return numbers_[next_number_++];
  }

  bool restored() const { return restored_; }
  bool empty() const { return pieces_.empty(); }
  // Of all pieces.
  size_t bytes() const;

  // Read, they are restored.
  void Transfer(Archive& archive);

 private:
  Result<Piece> Given();
  static std::unexpected<Error> Misfit();

  bool restored_ = false;
  std::vector<Buffer> made_;
  std::shared_ptr<const void> owner_;  // of restored ones
  std::vector<Piece> pieces_;
  std::vector<int64_t> numbers_;
  size_t next_piece_ = 0, next_number_ = 0;
};

}  // namespace insitu
