// The attribute `output_datatype` of operators that make a tensor from numbers: any numeric type,
// float32 by default.
#pragma once

#include "ops/infer_util.h"

namespace insitu {

inline Result<DType> OutputDatatype(const Node& node) {
  const auto given = node.Attr<int64_t>("output_datatype", static_cast<int64_t>(DType::kFloat32));
  if (given > 0 && given < 32 && kNumericTypes.Has(static_cast<DType>(given)))
    return static_cast<DType>(given);
  return Fail(ErrorCode::kUnsupportedType,
              "attribute output_datatype is " + std::to_string(given) + ", which is not numeric");
}

}  // namespace insitu
