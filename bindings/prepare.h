// Pixels and samples that become tensors; web/src/rpc/native.ts documents each call.
#pragma once

#include <string>

#include "outcome.h"

namespace insitu::bindings {

val ImageBegin(val format, int count);
val ImageAdd(int index, double width, double height, double channels, double scaled_width,
             double scaled_height, double left, double top);
val Audio(int samples, double channels, double rate, val options);
val Prepared();
val StagePrepared(int session, std::string name);
void DropPrepared();

}  // namespace insitu::bindings
