// Quantizer: post-training quantization of one float model. Samples are observed one after the
// other, of which ranges and some copies stay; then the quantized model is written, as often as one
// likes with other layers left in float.
// Invariant: what is written is plain ONNX of standard operators and com.microsoft.MatMulNBits;
// layers that are not quantized compute what they did.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "quantize/options.h"
#include "session/session.h"

namespace insitu {

// How far a layer quantized alone is from float: 10 log10 of the power of what should be there over
// that of the difference, in dB; more is better, and what is equal has kExact.
struct LayerError {
  static constexpr double kExact = 200;
  std::string node, op;
  std::optional<double> weight_sqnr = {};  // of weights with scales by layer or channel
  // Of the outputs of the model, on samples that were kept; nullopt where there are none.
  std::optional<double> output_sqnr = {};
};

class Quantizer {
 public:
  // InvalidArgument for options that contradict each other, and what loading a model reports.
  static Result<std::unique_ptr<Quantizer>> Create(const ModelBytes& model,
                                                   const QuantizeOptions& options,
                                                   const ImportOptions& import, Runtime& runtime);
  virtual ~Quantizer() = default;

  // Whether ranges are needed before Write: QuantizeTo::kInt8.
  virtual bool WantsSamples() const = 0;
  // One sample, as Session::Run takes feeds. DataQuality where an activation is not finite.
  virtual Status Observe(std::span<const NamedTensor> feeds) = 0;
  // The nodes that are quantized, in order of execution.
  virtual std::vector<std::string> Nodes() const = 0;
  // Quantizes each of these nodes alone and compares with float, on up to `samples` of those that
  // were observed and kept. InvalidArgument for a node that is not quantized.
  virtual Result<LayerError> Measure(const std::string& node, int samples) = 0;
  // The quantized model with `metadata` among its metadata_props; nodes in `in_float` stay as they
  // are. InvalidArgument where samples are wanted and none has been observed.
  virtual Result<Buffer> Write(const std::map<std::string, std::string>& metadata,
                               const std::set<std::string>& in_float) = 0;

 protected:
  static std::unexpected<Error> NotQuantized(const std::string& node);
};

}  // namespace insitu
