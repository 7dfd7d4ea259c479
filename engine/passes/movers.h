// Operators that only move or select elements, which therefore run on quantized data as on any.
// Maxima count too: quantization keeps the order.
#pragma once

#include <optional>

#include "ir/graph.h"

namespace insitu {

// The first `inputs` inputs and the first `outputs` outputs carry the data; every other input is a
// parameter, every other output holds positions.
struct DataPorts {
  size_t inputs = 1, outputs = 1;
};

// nullopt for what is no mover, and for those whose parameters bring in numbers of their own.
std::optional<DataPorts> MoverPorts(const Node& node);

}  // namespace insitu
