// QuantizeTo::kInt8: ranges from samples, then QuantizeLinear and DequantizeLinear.
#pragma once

#include "quantize/quantizer.h"

namespace insitu {

Result<std::unique_ptr<Quantizer>> MakeStaticQuantizer(Graph graph, const QuantizeOptions& options,
                                                       Runtime& runtime);

}  // namespace insitu
