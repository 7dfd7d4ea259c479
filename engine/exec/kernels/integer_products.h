// IntegerProducts: constant 8-bit weights, packed, and their exact int32 products (wrapping) with
// rows of 8-bit data. One class for each way to compute them; which one is chosen by what the
// processor has and what the weights allow:
//   wide  16-bit data and weights, everywhere, for every zero point
//   quad  bytes, four products at once, where the processor sums them without saturation
//   pair  bytes, two products at once, saturating: the weights are packed so that none saturates
// Columns come in blocks of eight; each group begins a new block.
#pragma once

#include <memory>

#include "exec/kernels/linear_numbers.h"
#include "exec/kernels/linear_results.h"

namespace insitu::kernels {

enum class ProductScheme : uint8_t { kWide, kQuad, kPair };

// Rows of data as Convert made them, `step` bytes apart.
struct Rows {
  const std::byte* data = nullptr;
  size_t step = 0, count = 0;
};

// What a call of Run computes and where it goes: `y` is where column 0 of the group and row 0 go.
struct ProductRange {
  size_t group = 0, first_block = 0, last_block = 0;  // blocks of the group
  const int32_t* starts = nullptr;                    // as Starts gave them
  float scale_x = 1.0f;                               // counts for real results
  std::byte* y = nullptr;
  size_t y_step = 0;  // bytes between rows
};

// Windows of data that become rows: `pieces` of each, `elements` that lie in one piece.
struct WindowRun {
  size_t windows = 1, window_step = 0;  // bytes between neighbouring windows
  size_t pieces = 1, piece_step = 0;    // bytes between the pieces of a window
  size_t elements = 0;
};

class IntegerProducts {
 public:
  static constexpr size_t kColumns = LinearResults::kColumns, kOverrun = 16;

  // Of numbers that CheckNumbers takes. OutOfMemory.
  static Result<std::unique_ptr<IntegerProducts>> Pack(const LinearNumbers& numbers, size_t groups,
                                                       PackedWeights packed);
  // In a way of the caller's choice; quad and pair need byte weights. UnsupportedOp where the
  // processor cannot.
  static Result<std::unique_ptr<IntegerProducts>> Pack(const LinearNumbers& numbers, size_t groups,
                                                       ProductScheme scheme);
  virtual ~IntegerProducts() = default;

  size_t columns() const { return groups_ * of_group_; }
  size_t columns_of_group() const { return of_group_; }
  size_t blocks_of_group() const { return blocks_; }
  size_t depth() const { return depth_; }
  size_t result_bytes() const { return results_.element_bytes(); }
  PackedWeights& packed() { return packed_; }
  // Bytes of one converted row, with the padding that Run reads.
  size_t row_bytes() const { return row_bytes_; }

  // Products beyond those of the weights as they were, as a share of them.
  virtual double extra_share() const { return 0.0; }
  // Rows of the data need no conversion.
  virtual bool TakesDataAsItIs() const { return false; }
  // Converts windows of the data, each to the begin of a row; Pad gives `count` elements that stand
  // for zero. They read and write up to kOverrun bytes more, so that small pieces need no loops for
  // what is left: pieces are made in the order of their addresses.
  virtual void Convert(const std::byte* x, const WindowRun& run, int32_t zero_point,
                       std::byte* to) const = 0;
  virtual void Pad(size_t count, int32_t zero_point, std::byte* to) const = 0;
  virtual size_t element_bytes() const = 0;

  // int32 numbers that Starts writes.
  size_t starts() const { return groups_ * blocks_ * kColumns; }
  // What the sums begin with, given the zero point of the data.
  virtual void Starts(int32_t zero_point, int32_t* to) const = 0;
  virtual void Run(const Rows& rows, const ProductRange& range) const = 0;

 protected:
  explicit IntegerProducts(PackedWeights packed) : packed_(std::move(packed)) {}

  // Calls convert(piece of x, where it goes) for all pieces of a run; each takes so many bytes.
  template <class ConvertPiece>
  void ForEachPiece(const std::byte* x, const WindowRun& run, std::byte* to,
                    const ConvertPiece& convert) const {
    const size_t bytes = run.elements * element_bytes();
    for (size_t w = 0; w < run.windows; ++w, x += run.window_step, to += row_bytes_)
      for (size_t p = 0; p < run.pieces; ++p) convert(x + p * run.piece_step, to + p * bytes);
  }

  // Numbers, results and bias; `row_bytes` is of a converted row.
  Status Init(const LinearNumbers& numbers, size_t groups, size_t row_bytes);
  // The first column of a block, and how many it has.
  size_t FirstColumn(size_t group, size_t block) const {
    return group * of_group_ + block * kColumns;
  }
  size_t ColumnsOf(size_t block) const { return std::min(kColumns, of_group_ - block * kColumns); }
  const int32_t* bias() const { return Cast<int32_t>(bias_.data()); }

  PackedWeights packed_;
  size_t groups_ = 1, of_group_ = 0, blocks_ = 0, depth_ = 0, row_bytes_ = 0;
  LinearResults results_;

 private:
  Buffer bias_;  // int32 per place of every block
};

// One for each way; ProductScheme says which.
Result<std::unique_ptr<IntegerProducts>> PackWide(const LinearNumbers& numbers, size_t groups,
                                                  PackedWeights packed);
Result<std::unique_ptr<IntegerProducts>> PackBytes(const LinearNumbers& numbers, size_t groups,
                                                   ProductScheme scheme, PackedWeights packed);
// Whether weights less their zero points are 8-bit numbers.
bool HasByteWeights(const LinearNumbers& numbers);

}  // namespace insitu::kernels
