// The quantizations that need no samples: dynamic int8, blocks, float16. Samples are observed to
// measure with.
#pragma once

#include "quantize/quantizer.h"

namespace insitu {

Result<std::unique_ptr<Quantizer>> MakePlainQuantizer(Graph graph, const QuantizeOptions& options,
                                                      Runtime& runtime);

}  // namespace insitu
