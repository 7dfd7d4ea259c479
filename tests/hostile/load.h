// Models in code, loaded and run on ones, and the tensors they are made of.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "onnx/model_builder.h"
#include "session/session.h"
#include "support/ones.h"

namespace insitu::test {

using Proto = onnx::TensorProto;

// The error of loading `builder`, or of running it on ones.
inline std::optional<Error> ErrorOf(const ModelBuilder& builder, Runtime& runtime) {
  SessionOptions options;
  auto session = Session::Load(ToBytes(builder.Bytes()), options, runtime);
  if (!session) return session.error();
  std::vector<NamedTensor> feeds;
  for (const TensorInfo& input : (*session)->inputs()) {
    Dims dims;
    for (const Dim& dim : input.type.shape.value_or(Shape{}))
      dims.push_back(dim.IsKnown() ? dim.value() : 2);
    if (!HasBytes(input.type.dtype)) return Error(ErrorCode::kInternal, "fed with tensors only");
    auto tensor = Ones(input.type.dtype, std::move(dims));
    if (!tensor) return tensor.error();
    feeds.push_back({input.name, *std::move(tensor)});
  }
  const auto results = (*session)->Run(feeds);
  if (!results) return results.error();
  return std::nullopt;
}

inline onnx::TensorProto Scalar(const std::string& name, float value) {
  return FloatTensor(name, {}, {value});
}

inline onnx::TensorProto ByteTensor(const std::string& name, int type, std::vector<int64_t> dims,
                                    std::vector<int> values) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(type);
  tensor.mutable_dims()->Add(dims.begin(), dims.end());
  tensor.mutable_int32_data()->Add(values.begin(), values.end());
  return tensor;
}

inline onnx::TensorProto StringTensor(const std::string& name, const std::string& value) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(Proto::STRING);
  tensor.add_dims(1);
  tensor.add_string_data(value);
  return tensor;
}

}  // namespace insitu::test
