// What is fuzzed: each target takes any bytes and must end well, which it checks as far as it can.
// The same targets run under libFuzzer (libfuzzer_main.cc, `npm run fuzz`) and over the kept corpus
// in every test run (corpus_test.cc). Reference: https://llvm.org/docs/LibFuzzer.html
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace insitu::test {

using FuzzBytes = std::span<const uint8_t>;

struct FuzzTarget {
  std::string_view name;
  void (*run)(FuzzBytes bytes);
};

std::span<const FuzzTarget> FuzzTargets();

// Ends the process with `what` where `holds` is false.
void Require(bool holds, std::string_view what);
// Ends the process unless the error is one that users may see: with a message, not Internal.
void RequireTyped(const Error& error);

// model_target.cc: a model file is loaded and run.
void FuzzModel(FuzzBytes bytes);
// load_target.cc: a model file is loaded under the largest limits.
void FuzzLoad(FuzzBytes bytes);
// external_data_target.cc: a tensor whose bytes lie in a file beside the model.
void FuzzExternalData(FuzzBytes bytes);
// text_target.cc: the text form of a graph.
void FuzzText(FuzzBytes bytes);
// profile_target.cc: the JSON of a reference profile.
void FuzzProfile(FuzzBytes bytes);
// histogram_target.cc: two histograms in JSON, merged.
void FuzzHistogram(FuzzBytes bytes);
// quantized_target.cc: shapes, pads, scales and zero points of quantized operators.
void FuzzQuantized(FuzzBytes bytes);

}  // namespace insitu::test
