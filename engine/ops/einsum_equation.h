// The equation of Einsum: which axis of which operand carries which label.
// https://onnx.ai/onnx/operators/onnx__Einsum.html and numpy.einsum.
// Invariant: labels are below kEinsumLabels: letters first, then the axes of "...", counted from
// the last, so that they broadcast; the output has every label once.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/dim.h"
#include "base/error.h"

namespace insitu {

using Labels = std::vector<uint8_t>;  // one per axis

inline constexpr size_t kEinsumLetters = 52;
inline constexpr size_t kEinsumLabels = kEinsumLetters + 16;

struct EinsumEquation {
  std::vector<Labels> operands;
  Labels output;
};

// For operands of these ranks; InvalidModel saying what is wrong.
Result<EinsumEquation> ParseEinsum(std::string_view text, std::span<const size_t> ranks);

// The extent of every label; axes of extent 1 broadcast. ShapeMismatch when extents differ.
Result<std::vector<Dim>> EinsumExtents(const EinsumEquation& equation,
                                       std::span<const Shape> shapes);

}  // namespace insitu
