// Dim: one extent of a shape before its inputs are bound: a number, an expression over named
// symbols, or unknown.
// Invariant: expressions are simplified and canonical, so two Dims that print the same are equal;
// an overflow or a division by zero gives Unknown, never a wrong number. Symbols stand for extents:
// they are not negative, and not zero where something is divided by them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"

namespace insitu {

struct DimExpr;

class Dim {
 public:
  Dim() = default;                                            // Unknown
  Dim(int64_t value) : value_(value), kind_(Kind::kKnown) {}  // NOLINT: a number is a Dim
  static Dim Symbol(std::string name);
  static Dim Unknown() { return {}; }
  // The inverse of ToString; nullopt when the text is not of that form.
  static std::optional<Dim> Parse(std::string_view text);

  bool IsKnown() const { return kind_ == Kind::kKnown; }
  bool IsUnknown() const { return kind_ == Kind::kUnknown; }
  // The number; only when IsKnown().
  int64_t value() const { return value_; }
  // The name given to Symbol(), when this is one symbol alone; else nullopt.
  std::optional<std::string> SymbolName() const;
  // "3", "batch", "2*height+1", "floor((width+1)/2)", "?". A symbol whose name is not made of
  // letters, digits, '_', '.' and ':' is put in single quotes.
  std::string ToString() const;
  // What it holds, in units of about 32 bytes: 1 for a number, more for the terms, atoms and text
  // of an expression.
  size_t Weight() const;

  void Transfer(Archive& archive);

  // Known and equal, or the same canonical expression. Two Unknowns are not equal.
  friend bool operator==(const Dim& a, const Dim& b);
  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  // Rounds towards minus infinity (plus infinity); a zero divisor gives Unknown.
  friend Dim FloorDiv(const Dim& a, const Dim& b);
  friend Dim CeilDiv(const Dim& a, const Dim& b);
  friend Dim Min(const Dim& a, const Dim& b);
  friend Dim Max(const Dim& a, const Dim& b);

 private:
  friend struct DimExpr;
  enum class Kind : uint8_t { kUnknown, kKnown, kExpression };
  int64_t value_ = 0;
  Kind kind_ = Kind::kUnknown;
  std::shared_ptr<const DimExpr> expr_;
};

Dim FloorDiv(const Dim& a, const Dim& b);
Dim CeilDiv(const Dim& a, const Dim& b);
Dim Min(const Dim& a, const Dim& b);
Dim Max(const Dim& a, const Dim& b);

using Shape = std::vector<Dim>;

// The numbers of a fully known shape, else nullopt.
std::optional<Dims> KnownDims(std::span<const Dim> shape);
Shape ToShape(std::span<const int64_t> dims);
// "[batch,3,224,224]".
std::string ToString(std::span<const Dim> shape);
// Product of all dims.
Dim Product(std::span<const Dim> shape);

}  // namespace insitu
