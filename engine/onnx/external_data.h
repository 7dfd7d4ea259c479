// Tensors whose bytes lie in files beside the model.
// Invariant: only plain relative names below the model's folder are asked for, each file once; no
// byte outside of what the file holds is read.
// Reference: https://onnx.ai/onnx/repo-docs/ExternalData.html
#pragma once

#include <map>
#include <string>

#include "onnx-ml.pb.h"
#include "onnx/import.h"

namespace insitu {

class ExternalData {
 public:
  explicit ExternalData(const ImportOptions& options) : options_(options) {}

  // The `expected` bytes of a tensor with data_location EXTERNAL, and their owner. InvalidModel for
  // a bad location, offset or length; InvalidArgument when the caller did not pass the file.
  Result<ModelBytes> Read(const onnx::TensorProto& tensor, size_t expected);

 private:
  Result<ModelBytes> File(const std::string& location);

  const ImportOptions& options_;
  std::map<std::string, ModelBytes> files_;
  int64_t read_bytes_ = 0;  // by all tensors together, which may share bytes of a file
};

// InvalidModel unless `location` is relative, without "..", backslash, colon or NUL.
Status CheckLocation(const std::string& location);

}  // namespace insitu
