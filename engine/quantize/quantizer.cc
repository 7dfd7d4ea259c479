// Which quantizer an option asks for.
#include "quantize/quantizer.h"

#include "quantize/float_graph.h"
#include "quantize/plain_quantizer.h"
#include "quantize/static_quantizer.h"

namespace insitu {
namespace {

std::unexpected<Error> Contradiction(const std::string& what, const std::string& hint) {
  return Fail(ErrorCode::kInvalidArgument, what, hint);
}

Status CheckOptions(const QuantizeOptions& options) {
  if (!(options.percentile > 50 && options.percentile <= 100))
    return Contradiction("the percentile is " + std::to_string(options.percentile),
                         "Pass a number above 50, at most 100.");
  if (!(options.smooth >= 0 && options.smooth <= 1))
    return Contradiction("smooth is " + std::to_string(options.smooth),
                         "Pass a number from 0 to 1; 0.5 is usual.");
  if (options.to != QuantizeTo::kBlocks) return {};
  if (options.bits != 4 && options.bits != 8)
    return Contradiction(std::to_string(options.bits) + " bits a weight", "Pass 4 or 8.");
  const int64_t size = options.block_size;
  if (size < 16 || size > 4096 || (size & (size - 1)) != 0)
    return Contradiction("blocks of " + std::to_string(size) + " weights",
                         "Pass a power of two from 16 to 4096.");
  return {};
}

}  // namespace

Result<std::unique_ptr<Quantizer>> Quantizer::Create(const ModelBytes& model,
                                                     const QuantizeOptions& options,
                                                     const ImportOptions& import,
                                                     Runtime& runtime) {
  INSITU_TRY(CheckOptions(options));
  INSITU_ASSIGN(Graph graph, FloatGraph(model, options, import));
  return options.to == QuantizeTo::kInt8 ? MakeStaticQuantizer(std::move(graph), options, runtime)
                                         : MakePlainQuantizer(std::move(graph), options, runtime);
}

std::unexpected<Error> Quantizer::NotQuantized(const std::string& node) {
  return Fail(ErrorCode::kInvalidArgument, "the node '" + node + "' is not quantized",
              "Nodes() lists those that are.");
}

}  // namespace insitu
