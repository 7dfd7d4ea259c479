// Widths and spellings of element types, from one table.
#include "base/dtype.h"

#include <array>

namespace insitu {
namespace {

struct Row {
  DType dtype;
  int bits;
  std::string_view name;
};

constexpr std::array kRows = {
    Row{DType::kFloat32, 32, "float32"},
    Row{DType::kUint8, 8, "uint8"},
    Row{DType::kInt8, 8, "int8"},
    Row{DType::kUint16, 16, "uint16"},
    Row{DType::kInt16, 16, "int16"},
    Row{DType::kInt32, 32, "int32"},
    Row{DType::kInt64, 64, "int64"},
    Row{DType::kString, 0, "string"},
    Row{DType::kBool, 8, "bool"},
    Row{DType::kFloat16, 16, "float16"},
    Row{DType::kFloat64, 64, "float64"},
    Row{DType::kUint32, 32, "uint32"},
    Row{DType::kUint64, 64, "uint64"},
    Row{DType::kBfloat16, 16, "bfloat16"},
    Row{DType::kFloat8E4M3FN, 8, "float8e4m3fn"},
    Row{DType::kFloat8E4M3FNUZ, 8, "float8e4m3fnuz"},
    Row{DType::kFloat8E5M2, 8, "float8e5m2"},
    Row{DType::kFloat8E5M2FNUZ, 8, "float8e5m2fnuz"},
    Row{DType::kUint4, 4, "uint4"},
    Row{DType::kInt4, 4, "int4"},
    Row{DType::kSequence, 0, "sequence"},
    Row{DType::kOptional, 0, "optional"},
    Row{DType::kMap, 0, "map"},
};

const Row* Find(DType dtype) {
  for (const Row& row : kRows)
    if (row.dtype == dtype) return &row;
  return nullptr;
}

}  // namespace

int BitWidth(DType dtype) {
  const Row* row = Find(dtype);
  return row ? row->bits : 0;
}

std::string_view Name(DType dtype) {
  const Row* row = Find(dtype);
  return row ? row->name : "undefined";
}

std::optional<DType> ParseDType(std::string_view name) {
  for (const Row& row : kRows)
    if (row.name == name) return row.dtype;
  return std::nullopt;
}

bool IsKnownDType(int value) {
  return value > 0 && value < static_cast<int>(DType::kSequence) &&
         Find(static_cast<DType>(value)) != nullptr;
}

}  // namespace insitu
