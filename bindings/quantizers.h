// Post-training quantization; web/src/rpc/native.ts documents each call.
#pragma once

#include <string>

#include "outcome.h"

namespace insitu::bindings {

val QuantizerBegin(int upload, val external, val options);
val QuantizerObserve(int quantizer);
val QuantizerSeen(int quantizer);
val QuantizerMeasure(int quantizer, std::string node, double samples);
val QuantizerWrite(int quantizer, val metadata, val in_float);
void QuantizerDrop(int quantizer);
void QuantizerEnd(int quantizer);

}  // namespace insitu::bindings
