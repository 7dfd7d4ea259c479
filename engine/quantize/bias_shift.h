// How far rounded weights shift the mean output of a linear layer: what bias correction takes back.
// Invariant: depends on means over samples alone; padding of convolutions counts as the zeros it
// is. Source: Nagel et al., Data-Free Quantization through Weight Equalization and Bias Correction,
// 2019, section 4.2, with means that were measured.
#pragma once

#include <vector>

#include "base/error.h"
#include "quantize/float_graph.h"
#include "quantize/weight_codes.h"

namespace insitu {

// Of what a linear layer that takes a bias reads, over all samples.
struct InputMeans {
  std::vector<double> channels;  // along axis 1
  Dims dims;                     // mean extents, rounded
};

// Sums over inputs of (what the weights became - what they were) * mean input, one an output
// channel.
Result<std::vector<double>> BiasShift(const Node& node, const Linear& linear,
                                      const WeightCodes& codes, const InputMeans& means);

}  // namespace insitu
