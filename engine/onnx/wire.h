// The first step of loading: the file walked field by field, so that weights stay where they are.
// Invariant: raw_data of initializers is never copied; it is a span of the given bytes. Everything
// else that the importer reads is parsed into messages; doc strings, value_info, training and
// metadata of nodes are skipped. Counts are bounded by base/limits.h before anything is parsed.
// Reference: DESIGN section 1, "Loading in one copy"; onnx-ml.proto of ONNX 1.17.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "onnx-ml.pb.h"

namespace insitu {

struct WireTensor {
  onnx::TensorProto proto;                        // without raw_data
  std::optional<std::span<const std::byte>> raw;  // raw_data, in the given bytes
};

struct WireModel {
  onnx::ModelProto model;  // without graph and functions
  onnx::GraphProto graph;  // without initializers
  std::vector<WireTensor> initializers;
  int64_t functions = 0;
  int64_t sparse_initializers = 0;
};

// InvalidModel when the bytes are no ModelProto with a graph, LimitExceeded.
Result<WireModel> ReadModel(std::span<const std::byte> bytes);
// InvalidModel when the bytes are no TensorProto.
Result<WireTensor> ReadTensor(std::span<const std::byte> bytes);

}  // namespace insitu
