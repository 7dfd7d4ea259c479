// TensorProto -> Tensor, for initializers, attributes and the files of conformance cases.
// Invariant: exactly the elements that dims and type call for; bytes are borrowed where they are
// aligned and worth it, else copied once.
#pragma once

#include <memory>

#include "base/tensor.h"
#include "onnx/external_data.h"
#include "onnx/wire.h"

namespace insitu {

// `owner` keeps tensor.raw alive; nullptr: raw is copied. `external` may be nullptr where external
// data has no meaning. InvalidModel, UnsupportedType, LimitExceeded, OutOfMemory.
Result<Tensor> ToTensor(const WireTensor& tensor, const std::shared_ptr<const void>& owner,
                        ExternalData* external);
// A tensor that was parsed whole, raw_data included (attributes).
Result<Tensor> ToTensor(const onnx::TensorProto& tensor, ExternalData* external);

// The element type and extents alone, checked.
Result<DType> ToDType(int data_type, const std::string& where);
Result<Dims> ToDims(const onnx::TensorProto& tensor);

}  // namespace insitu
