// Polynomials with integer coefficients over atoms: sums, products and exact quotients.
// Invariant: every coefficient is checked for overflow; sizes are bounded by kMaxTerms and
// kMaxSize.
#include "base/dim_expr.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "base/checked.h"

namespace insitu {
namespace {

constexpr size_t kMaxTerms = 64;
constexpr size_t kMaxSize = 256;
constexpr size_t kUnitBytes = 32;

size_t SizeOf(const DimPoly& poly) {
  size_t size = 0;
  for (const DimTerm& term : poly) {
    ++size;
    for (const DimAtomPtr& atom : term.atoms) {
      size += 1 + atom->key.size() / kUnitBytes;
      if (atom->kind == DimAtom::Kind::kSymbol) continue;
      size += SizeOf(DimExpr::Poly(atom->a)) + SizeOf(DimExpr::Poly(atom->b));
    }
  }
  return size;
}

bool IsNonNegative(const Dim& dim) { return !dim.IsUnknown() && IsNonNegative(DimExpr::Poly(dim)); }

bool IsNonNegative(const DimAtom& atom) {
  switch (atom.kind) {
    case DimAtom::Kind::kSymbol:
      return true;
    case DimAtom::Kind::kFloorDiv:
    case DimAtom::Kind::kMin:
      return IsNonNegative(atom.a) && IsNonNegative(atom.b);
    case DimAtom::Kind::kMax:
      return IsNonNegative(atom.a) || IsNonNegative(atom.b);
  }
  return false;
}

// Atoms of `a` that are also in `b`, with repetition; both are sorted.
std::vector<DimAtomPtr> Common(const std::vector<DimAtomPtr>& a, const std::vector<DimAtomPtr>& b) {
  std::vector<DimAtomPtr> common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common),
                        [](const auto& x, const auto& y) { return x->key < y->key; });
  return common;
}

void DivideAll(DimPoly& poly, const DimTerm& divisor) {
  for (DimTerm& term : poly) term = *DivideTerm(term, divisor);
}

}  // namespace

DimPoly DimExpr::Poly(const Dim& dim) {
  if (dim.expr_) return dim.expr_->terms;
  if (!dim.IsKnown() || dim.value() == 0) return {};
  return {DimTerm{dim.value(), {}}};
}

Dim DimExpr::ToDim(std::optional<DimPoly> poly) {
  if (!poly || poly->size() > kMaxTerms) return {};
  if (poly->empty()) return 0;
  if (poly->size() == 1 && poly->front().atoms.empty()) return poly->front().coefficient;
  const size_t size = SizeOf(*poly);
  if (size > kMaxSize) return {};
  Dim dim;
  dim.kind_ = Dim::Kind::kExpression;
  dim.expr_ = std::make_shared<const DimExpr>(DimExpr{*std::move(poly), size});
  return dim;
}

Dim DimExpr::FromAtom(DimAtomPtr atom) { return ToDim(DimPoly{DimTerm{1, {std::move(atom)}}}); }

int CompareAtoms(const std::vector<DimAtomPtr>& a, const std::vector<DimAtomPtr>& b) {
  if (a.size() != b.size()) return a.size() > b.size() ? -1 : 1;
  for (size_t i = 0; i < a.size(); ++i) {
    if (const int order = a[i]->key.compare(b[i]->key)) return order < 0 ? -1 : 1;
  }
  return 0;
}

std::optional<DimPoly> AddPoly(const DimPoly& a, const DimPoly& b) {
  DimPoly sum;
  for (size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    const int order = i == a.size() ? 1 : j == b.size() ? -1 : CompareAtoms(a[i].atoms, b[j].atoms);
    if (order < 0) {
      sum.push_back(a[i++]);
    } else if (order > 0) {
      sum.push_back(b[j++]);
    } else {
      const auto coefficient = CheckedAdd(a[i].coefficient, b[j].coefficient);
      if (!coefficient) return std::nullopt;
      if (*coefficient != 0) sum.push_back({*coefficient, a[i].atoms});
      ++i, ++j;
    }
  }
  return sum;
}

std::optional<DimPoly> MulTerm(const DimPoly& a, const DimTerm& factor) {
  DimPoly product;
  for (const DimTerm& term : a) {
    const auto coefficient = CheckedMul(term.coefficient, factor.coefficient);
    if (!coefficient) return std::nullopt;
    std::vector<DimAtomPtr> atoms;
    std::merge(term.atoms.begin(), term.atoms.end(), factor.atoms.begin(), factor.atoms.end(),
               std::back_inserter(atoms),
               [](const auto& x, const auto& y) { return x->key < y->key; });
    product.push_back({*coefficient, std::move(atoms)});
  }
  return product;  // the order is kept: it is compatible with multiplication
}

std::optional<DimPoly> MulPoly(const DimPoly& a, const DimPoly& b) {
  DimPoly product;
  for (const DimTerm& term : b) {
    const auto part = MulTerm(a, term);
    if (!part) return std::nullopt;
    auto sum = AddPoly(product, *part);
    if (!sum || sum->size() > kMaxTerms) return std::nullopt;
    product = *std::move(sum);
  }
  return product;
}

std::optional<DimPoly> NegatePoly(const DimPoly& a) { return MulTerm(a, {-1, {}}); }

std::optional<DimTerm> DivideTerm(const DimTerm& term, const DimTerm& divisor) {
  if (divisor.coefficient == -1 && term.coefficient == INT64_MIN) return std::nullopt;
  if (term.coefficient % divisor.coefficient != 0) return std::nullopt;
  if (Common(term.atoms, divisor.atoms).size() != divisor.atoms.size()) return std::nullopt;
  std::vector<DimAtomPtr> rest;
  std::set_difference(term.atoms.begin(), term.atoms.end(), divisor.atoms.begin(),
                      divisor.atoms.end(), std::back_inserter(rest),
                      [](const auto& x, const auto& y) { return x->key < y->key; });
  return DimTerm{term.coefficient / divisor.coefficient, std::move(rest)};
}

std::optional<DimPoly> DivideExactly(const DimPoly& a, const DimPoly& b) {
  if (b.empty()) return std::nullopt;
  DimPoly quotient, rest = a;
  while (!rest.empty()) {
    auto term = DivideTerm(rest.front(), b.front());
    if (!term || quotient.size() == kMaxTerms) return std::nullopt;
    auto part = MulTerm(b, *term);
    if (part) part = NegatePoly(*part);
    if (part) part = AddPoly(rest, *part);
    if (!part) return std::nullopt;
    rest = *std::move(part);
    quotient.push_back(*std::move(term));  // leading terms fall strictly, so this stays sorted
  }
  return quotient;
}

void CancelCommon(DimPoly& a, DimPoly& b) {
  if (a.empty() || b.empty()) return;
  DimTerm common{0, a.front().atoms};
  for (const DimPoly* poly : {&a, &b}) {
    for (const DimTerm& term : *poly) {
      if (term.coefficient == INT64_MIN) return;
      common.coefficient = std::gcd(common.coefficient, term.coefficient);
      common.atoms = Common(common.atoms, term.atoms);
    }
  }
  DivideAll(a, common);
  DivideAll(b, common);
}

bool IsNonNegative(const DimPoly& a) {
  return std::all_of(a.begin(), a.end(), [](const DimTerm& term) {
    return term.coefficient > 0 &&
           std::all_of(term.atoms.begin(), term.atoms.end(),
                       [](const auto& atom) { return IsNonNegative(*atom); });
  });
}

std::string PolyText(const DimPoly& a) {
  std::string text;
  for (const DimTerm& term : a) {
    const bool bare = !term.atoms.empty() && (term.coefficient == 1 || term.coefficient == -1);
    if (term.coefficient > 0 && !text.empty()) text += '+';
    if (bare && term.coefficient < 0) text += '-';
    if (!bare) text += std::to_string(term.coefficient);
    for (size_t i = 0; i < term.atoms.size(); ++i) {
      if (i > 0 || !bare) text += '*';
      text += term.atoms[i]->key;
    }
  }
  return text.empty() ? "0" : text;
}

}  // namespace insitu
