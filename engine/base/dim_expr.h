// DimExpr: the polynomial behind a symbolic Dim, private to base/dim.cc.
// Invariant: terms are sorted by degree, then by their atoms (graded lexicographic order, so that
// polynomial division works), no two have the same atoms, no coefficient is zero, and the whole is
// neither empty nor a single number. Divisions that do not come out even, Min and Max are atoms.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/dim.h"

namespace insitu {

struct DimAtom {
  enum class Kind : uint8_t { kSymbol, kFloorDiv, kMin, kMax };
  Kind kind = Kind::kSymbol;
  std::string key;   // canonical text; equal keys are equal atoms
  std::string name;  // of a symbol
  Dim a, b;          // operands of the others
};
using DimAtomPtr = std::shared_ptr<const DimAtom>;

struct DimTerm {
  int64_t coefficient = 0;
  std::vector<DimAtomPtr> atoms;  // sorted by key; a power is a repetition
};
using DimPoly = std::vector<DimTerm>;

struct DimExpr {
  DimPoly terms;
  size_t size = 0;  // units of Dim::Weight(), those inside of atoms too

  // The terms of a Dim that is not unknown; no term for zero.
  static DimPoly Poly(const Dim& dim);
  // Unknown when there is no polynomial (an overflow) or it is too large.
  static Dim ToDim(std::optional<DimPoly> poly);
  static Dim FromAtom(DimAtomPtr atom);
};

// -1, 0, 1 in the order of the invariant: a term that comes first compares as -1.
int CompareAtoms(const std::vector<DimAtomPtr>& a, const std::vector<DimAtomPtr>& b);
std::optional<DimPoly> AddPoly(const DimPoly& a, const DimPoly& b);
std::optional<DimPoly> MulTerm(const DimPoly& a, const DimTerm& term);
std::optional<DimPoly> MulPoly(const DimPoly& a, const DimPoly& b);
std::optional<DimPoly> NegatePoly(const DimPoly& a);
// a / b when b divides a without remainder, else nullopt.
std::optional<DimPoly> DivideExactly(const DimPoly& a, const DimPoly& b);
// term / divisor when coefficient (not zero) and atoms divide, else nullopt.
std::optional<DimTerm> DivideTerm(const DimTerm& term, const DimTerm& divisor);
// Removes what all terms of both have in common: the gcd of coefficients and shared atoms.
void CancelCommon(DimPoly& a, DimPoly& b);
// Certainly >= 0, given that symbols are.
bool IsNonNegative(const DimPoly& a);
std::string PolyText(const DimPoly& a);

}  // namespace insitu
