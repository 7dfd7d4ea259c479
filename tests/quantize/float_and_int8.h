// A model in float and as static int8, calibrated with what both are then run on.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <vector>

#include "onnx/model_builder.h"
#include "quantize/quantizer.h"

namespace insitu::test {

// The first output of each.
struct FloatAndInt8 {
  Tensor wanted, got;
};

inline ModelBytes Int8Of(const ModelBuilder& builder, const std::vector<NamedTensor>& feeds,
                         const QuantizeOptions& options, Runtime& runtime) {
  const auto quantizer = *Quantizer::Create(ToBytes(builder.Bytes()), options, {}, runtime);
  REQUIRE(quantizer->Observe(feeds));
  const auto buffer = std::make_shared<Buffer>(*quantizer->Write({}, {}));
  return {{buffer->data(), buffer->size()}, buffer};
}

inline FloatAndInt8 RunBoth(const ModelBuilder& builder, const std::vector<NamedTensor>& feeds,
                            const QuantizeOptions& options) {
  const auto runtime = *Runtime::Create(1);
  const auto session = *Session::Load(Int8Of(builder, feeds, options, *runtime), {}, *runtime);
  const auto original = *Session::Load(ToBytes(builder.Bytes()), {}, *runtime);
  return {(*original->Run(feeds))[0].tensor, (*session->Run(feeds))[0].tensor};
}

}  // namespace insitu::test
