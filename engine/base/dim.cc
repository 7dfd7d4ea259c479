// Arithmetic of symbolic extents and their text form.
// Invariant: results go through DimExpr::ToDim, which keeps them canonical and bounded in size.
// Quotients are made canonical by pulling out of floor(a/b) every term that b divides, reducing
// the remaining coefficients modulo b, cancelling what is common and merging nested floors.
#include "base/dim.h"

#include <algorithm>
#include <cctype>
#include <numeric>

#include "base/dim_expr.h"

namespace insitu {
namespace {

using Kind = DimAtom::Kind;

bool IsPlainName(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '.' || c == ':';
  });
}

std::string Quoted(std::string_view name) {
  std::string text = "'";
  for (char c : name) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

std::string InParentheses(const Dim& dim) {
  const DimPoly poly = DimExpr::Poly(dim);
  const bool simple = poly.size() < 2 && (poly.empty() || poly[0].coefficient >= 0);
  const bool product =
      simple && !poly.empty() && poly[0].atoms.size() + (poly[0].coefficient != 1) > 1;
  return simple && !product ? dim.ToString() : "(" + dim.ToString() + ")";
}

Dim MakeAtom(Kind kind, Dim a, Dim b) {
  DimAtom atom{kind, {}, {}, std::move(a), std::move(b)};
  if (kind == Kind::kFloorDiv) {
    atom.key = "floor(" + InParentheses(atom.a) + "/" + InParentheses(atom.b) + ")";
  } else {
    if (atom.b.ToString() < atom.a.ToString()) std::swap(atom.a, atom.b);
    atom.key =
        (kind == Kind::kMin ? "min(" : "max(") + atom.a.ToString() + "," + atom.b.ToString() + ")";
  }
  return DimExpr::FromAtom(std::make_shared<const DimAtom>(std::move(atom)));
}

int64_t FloorMod(int64_t a, int64_t b) { return a % b < 0 ? a % b + b : a % b; }
int64_t FloorQuotient(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

// Splits a = whole * divisor + rest with the terms of `rest` as small as they get.
void SplitByTerm(const DimPoly& a, const DimTerm& divisor, DimPoly& whole, DimPoly& rest) {
  for (const DimTerm& term : a) {
    const bool number = divisor.atoms.empty() && divisor.coefficient > 0;
    const int64_t modulo = number ? FloorMod(term.coefficient, divisor.coefficient) : 0;
    if (modulo != 0) {
      rest.push_back({modulo, term.atoms});
      const int64_t quotient = FloorQuotient(term.coefficient, divisor.coefficient);
      if (quotient != 0) whole.push_back({quotient, term.atoms});
    } else if (auto quotient = DivideTerm(term, divisor)) {
      whole.push_back(*std::move(quotient));
    } else {
      rest.push_back(term);
    }
  }
}

// floor(rest / c) for a number c > 1: removes the common factor of c and the symbolic terms,
// which turns the constant k into floor(k / factor).
void ReduceByNumber(DimPoly& rest, int64_t& c) {
  int64_t factor = c;
  for (const DimTerm& term : rest)
    if (!term.atoms.empty()) factor = std::gcd(factor, term.coefficient);
  if (factor == 1) return;
  c /= factor;
  for (DimTerm& term : rest) term.coefficient = FloorQuotient(term.coefficient, factor);
  std::erase_if(rest, [](const DimTerm& term) { return term.coefficient == 0; });
}

// floor((floor(x/d) + k) / c) = floor((x + k*d) / (c*d)) for numbers c and d.
std::optional<Dim> MergeNested(const DimPoly& rest, int64_t c) {
  const bool one_atom = !rest.empty() && rest.size() <= 2 && rest[0].atoms.size() == 1 &&
                        rest[0].coefficient == 1 && (rest.size() == 1 || rest[1].atoms.empty());
  if (!one_atom) return std::nullopt;
  const DimAtom& inner = *rest[0].atoms[0];
  if (inner.kind != Kind::kFloorDiv || !inner.b.IsKnown()) return std::nullopt;
  const Dim constant = rest.size() == 2 ? Dim(rest[1].coefficient) : Dim(0);
  return FloorDiv(inner.a + constant * inner.b, Dim(c) * inner.b);
}

std::optional<bool> Decide(const Dim& a, const Dim& b) {  // a >= b, when certain
  const Dim difference = a - b;
  if (difference.IsUnknown()) return std::nullopt;
  if (IsNonNegative(DimExpr::Poly(difference))) return true;
  const Dim opposite = b - a;
  if (!opposite.IsUnknown() && IsNonNegative(DimExpr::Poly(opposite))) return false;
  return std::nullopt;
}

}  // namespace

Dim Dim::Symbol(std::string name) {
  DimAtom atom;
  atom.key = IsPlainName(name) ? name : Quoted(name);
  atom.name = std::move(name);
  return DimExpr::FromAtom(std::make_shared<const DimAtom>(std::move(atom)));
}

std::optional<std::string> Dim::SymbolName() const {
  if (!expr_ || expr_->terms.size() != 1) return std::nullopt;
  const DimTerm& term = expr_->terms[0];
  const bool alone = term.coefficient == 1 && term.atoms.size() == 1 &&
                     term.atoms[0]->kind == DimAtom::Kind::kSymbol;
  return alone ? std::optional(term.atoms[0]->name) : std::nullopt;
}

void Dim::Transfer(Archive& archive) {
  std::string text;
  if (!archive.reads()) text = ToString();
  archive(text);
  if (!archive.reads()) return;
  auto read = Parse(text);
  if (read)
    *this = *std::move(read);
  else
    archive.MarkFailed();
}

std::string Dim::ToString() const {
  if (IsUnknown()) return "?";
  return IsKnown() ? std::to_string(value_) : PolyText(expr_->terms);
}

size_t Dim::Weight() const { return expr_ ? 1 + expr_->size : 1; }

bool operator==(const Dim& a, const Dim& b) {
  if (a.kind_ != b.kind_ || a.IsUnknown()) return false;
  if (a.IsKnown()) return a.value_ == b.value_;
  return a.expr_ == b.expr_ ||
         std::ranges::equal(a.expr_->terms, b.expr_->terms, [](const auto& x, const auto& y) {
           return x.coefficient == y.coefficient && CompareAtoms(x.atoms, y.atoms) == 0;
         });
}

Dim operator+(const Dim& a, const Dim& b) {
  if (a.IsUnknown() || b.IsUnknown()) return {};
  return DimExpr::ToDim(AddPoly(DimExpr::Poly(a), DimExpr::Poly(b)));
}

Dim operator-(const Dim& a, const Dim& b) {
  if (a.IsUnknown() || b.IsUnknown()) return {};
  const auto negated = NegatePoly(DimExpr::Poly(b));
  return negated ? DimExpr::ToDim(AddPoly(DimExpr::Poly(a), *negated)) : Dim();
}

Dim operator*(const Dim& a, const Dim& b) {
  if (a.IsUnknown() || b.IsUnknown()) return {};
  return DimExpr::ToDim(MulPoly(DimExpr::Poly(a), DimExpr::Poly(b)));
}

Dim FloorDiv(const Dim& a, const Dim& b) {
  if (a.IsUnknown() || b.IsUnknown() || b == Dim(0)) return {};
  DimPoly numerator = DimExpr::Poly(a), divisor = DimExpr::Poly(b);
  if (divisor[0].coefficient < 0) {
    auto negated_a = NegatePoly(numerator), negated_b = NegatePoly(divisor);
    if (!negated_a || !negated_b) return {};
    numerator = *std::move(negated_a), divisor = *std::move(negated_b);
  }
  CancelCommon(numerator, divisor);
  if (auto exact = DivideExactly(numerator, divisor)) return DimExpr::ToDim(std::move(exact));

  DimPoly whole, rest;
  if (divisor.size() == 1) {
    SplitByTerm(numerator, divisor[0], whole, rest);
  } else {
    rest = std::move(numerator);
  }
  const Dim outside = DimExpr::ToDim(std::move(whole));
  if (divisor.size() == 1 && divisor[0].atoms.empty()) {
    int64_t& c = divisor[0].coefficient;
    ReduceByNumber(rest, c);
    if (c == 1) return outside + DimExpr::ToDim(std::move(rest));
    if (rest.empty() || rest[0].atoms.empty()) return outside;  // 0 <= constant < c
    if (auto merged = MergeNested(rest, c)) return outside + *merged;
  } else {
    CancelCommon(rest, divisor);
  }
  const Dim inner_a = DimExpr::ToDim(std::move(rest)), inner_b = DimExpr::ToDim(std::move(divisor));
  if (inner_a.IsUnknown() || inner_b.IsUnknown()) return {};
  return outside + MakeAtom(Kind::kFloorDiv, inner_a, inner_b);
}

Dim CeilDiv(const Dim& a, const Dim& b) {
  if (a.IsUnknown() || b.IsUnknown() || b == Dim(0)) return {};
  const Dim zero = 0;
  if (Decide(zero, b).value_or(false)) return CeilDiv(zero - a, zero - b);
  if (!Decide(b, zero).value_or(false)) return {};  // of unknown sign
  return FloorDiv(a + b - Dim(1), b);
}

Dim Min(const Dim& a, const Dim& b) {
  if (a.IsUnknown() || b.IsUnknown()) return {};
  if (auto greater = Decide(a, b)) return *greater ? b : a;
  return MakeAtom(Kind::kMin, a, b);
}

Dim Max(const Dim& a, const Dim& b) {
  if (a.IsUnknown() || b.IsUnknown()) return {};
  if (auto greater = Decide(a, b)) return *greater ? a : b;
  return MakeAtom(Kind::kMax, a, b);
}

std::optional<Dims> KnownDims(std::span<const Dim> shape) {
  Dims dims;
  for (const Dim& dim : shape) {
    if (!dim.IsKnown()) return std::nullopt;
    dims.push_back(dim.value());
  }
  return dims;
}

Shape ToShape(std::span<const int64_t> dims) { return Shape(dims.begin(), dims.end()); }

std::string ToString(std::span<const Dim> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ',';
    text += shape[i].ToString();
  }
  return text + "]";
}

Dim Product(std::span<const Dim> shape) {
  Dim product = 1;
  for (const Dim& dim : shape) product = product * dim;
  return product;
}

}  // namespace insitu
