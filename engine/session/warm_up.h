// A first run on zeros while a model is loaded. Why: browsers compile a function simply when it is
// first called, and well while it runs; the first run of a small model takes three times as long as
// those that follow.
#pragma once

#include "exec/graph_runner.h"

namespace insitu {

// Runs for at most about so many ms, on extents of 1 where they are not known; what fails is left
// to the run that asks for it. Models whose results depend on the runs before, or whose bodies
// decide how much they compute, are not run.
void WarmUp(GraphRunner& runner, double ms);

}  // namespace insitu
