// The activation functions that LSTM, GRU and RNN choose by name, with their alpha and beta.
// https://onnx.ai/onnx/operators/onnx__LSTM.html (22), "Activation functions"
#pragma once

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ir/graph.h"

namespace insitu {

struct CellActivation {
  double (*of)(double value, double alpha, double beta);
  double alpha = 0, beta = 0;
  double clip = 0;  // the bound of what goes in

  double operator()(double value) const { return of(std::clamp(value, -clip, clip), alpha, beta); }
};

// The functions of all directions, one after the other. `defaults` are the names of one direction.
// InvalidModel for an unknown name or a wrong count.
Result<std::vector<CellActivation>> ReadCellActivations(const Node& node,
                                                        std::span<const std::string_view> defaults,
                                                        size_t directions);

}  // namespace insitu
