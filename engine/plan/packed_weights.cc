// Restored pieces, and both ways of an Archive.
#include "plan/packed_weights.h"

namespace insitu {

std::unexpected<Error> PackedWeights::Misfit() {
  return Fail(ErrorCode::kInternal, "kept weights do not fit the kernel they were kept for",
              "Load the model itself.");
}

Result<PackedWeights::Piece> PackedWeights::Given() {
  if (next_piece_ == pieces_.size()) return Misfit();
  return pieces_[next_piece_++];
}

size_t PackedWeights::bytes() const {
  size_t bytes = 0;
  for (const Piece& piece : pieces_) bytes += piece.size();
  return bytes;
}

void PackedWeights::Transfer(Archive& archive) {
  pieces_.resize(archive.Count(pieces_.size()));
  for (Piece& piece : pieces_) archive.Blob(piece);
  archive(numbers_);
  if (!archive.reads()) return;
  restored_ = true;
  owner_ = archive.owner();
}

}  // namespace insitu
