// What a model is quantized to, and how.
// Defaults: int8 weights by channel, symmetric, and uint8 activations over the range that was seen.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace insitu {

enum class QuantizeTo : uint8_t {
  kInt8,  // weights and activations, ranges from calibration: QuantizeLinear, DequantizeLinear
  kDynamicInt8,  // weights; activations with the range of each run: DynamicQuantizeLinear
  kBlocks,       // weights of matrix products, in blocks: com.microsoft.MatMulNBits
  kFloat16,      // weights, cast back where they are read
};

enum class RangeMethod : uint8_t { kMinMax, kPercentile, kEntropy, kMeanSquareError };

struct QuantizeOptions {
  QuantizeTo to = QuantizeTo::kInt8;

  // kInt8 alone.
  RangeMethod method = RangeMethod::kMinMax;
  double percentile = 99.99;        // of kPercentile
  bool signed_activations = false;  // int8 instead of uint8
  bool bias_correction = true;
  bool equalize = false;  // weights of neighbouring layers, by channel
  double smooth = 0;      // how much of the range of activations weights take over, 0 to 1

  // kInt8 and kDynamicInt8.
  bool per_channel = true;
  bool reduce_range = false;  // weights of 7 bits, for processors whose sums of products saturate

  // kBlocks.
  int bits = 4;             // or 8
  int64_t block_size = 32;  // a power of two from 16

  // Nodes and operators that stay as they are.
  std::set<std::string> exclude_nodes, exclude_ops;
};

}  // namespace insitu
