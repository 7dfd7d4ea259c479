// The quantizer, in the module that has one (insitu-quantizer): made of an uploaded model, shown
// samples that were staged for no session, asked for errors and models.
// Invariant: the digest of the calibration data depends on the samples and their order alone: name,
// dtype, dims and bytes of each feed in the order of the model's inputs.
#include <emscripten/bind.h>

#include <array>
#include <map>
#include <set>
#include <utility>

#include "base/sha256.h"
#include "instance.h"
#include "quantize/quantizer.h"
#include "sessions.h"
#include "uploaded.h"

namespace insitu::bindings {
namespace {

struct Loaded {
  std::unique_ptr<Quantizer> quantizer;
  Sha256 calibration;  // of all that was observed
  Buffer written;      // what JavaScript is reading
};

// The one of this instance.
std::unique_ptr<Loaded>& TheSlot() {
  static std::unique_ptr<Loaded> loaded;
  return loaded;
}

Result<Loaded*> TheQuantizer() {
  if (TheSlot()) return TheSlot().get();
  return Fail(ErrorCode::kInternal, "no quantizer has begun");
}

template <class T>
struct Named {
  std::string_view name;
  T value;
};

template <class T, size_t N>
Result<T> Choice(const val& options, const char* member, const std::array<Named<T>, N>& known) {
  const auto given = options[member].as<std::string>();
  std::string names;
  for (const auto& [name, value] : known) {
    if (name == given) return value;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return Fail(ErrorCode::kInvalidArgument, std::string(member) + " is '" + given + "'",
              "Known: " + names + ".");
}

constexpr std::array<Named<QuantizeTo>, 4> kTargets = {{
    {"int8", QuantizeTo::kInt8},
    {"dynamic-int8", QuantizeTo::kDynamicInt8},
    {"blocks", QuantizeTo::kBlocks},
    {"float16", QuantizeTo::kFloat16},
}};
constexpr std::array<Named<RangeMethod>, 4> kMethods = {{
    {"min-max", RangeMethod::kMinMax},
    {"percentile", RangeMethod::kPercentile},
    {"entropy", RangeMethod::kEntropy},
    {"mse", RangeMethod::kMeanSquareError},
}};

std::set<std::string> ToSet(const val& array) {
  const std::vector<std::string> names = ToStrings(array);
  return {names.begin(), names.end()};
}

// All members are there, of their types.
Result<QuantizeOptions> ToOptions(const val& js) {
  QuantizeOptions options;
  INSITU_ASSIGN(options.to, Choice(js, "to", kTargets));
  INSITU_ASSIGN(options.method, Choice(js, "method", kMethods));
  options.percentile = js["percentile"].as<double>();
  options.signed_activations = js["signedActivations"].as<bool>();
  options.bias_correction = js["biasCorrection"].as<bool>();
  options.equalize = js["equalize"].as<bool>();
  options.smooth = js["smooth"].as<double>();
  options.per_channel = js["perChannel"].as<bool>();
  options.reduce_range = js["reduceRange"].as<bool>();
  options.bits = js["bits"].as<int>();
  INSITU_ASSIGN(const uint64_t block_size, ToCount(js["blockSize"], "blockSize"));
  options.block_size = static_cast<int64_t>(block_size);
  options.exclude_nodes = ToSet(js["excludeNodes"]);
  options.exclude_ops = ToSet(js["excludeOps"]);
  return options;
}

Result<val> Begin(int upload, const val& external, const val& js_options) {
  INSITU_ASSIGN(const UploadedModel model, TakeModel(upload, external));
  INSITU_ASSIGN(const QuantizeOptions options, ToOptions(js_options));
  INSITU_ASSIGN(auto quantizer,
                Quantizer::Create(model.bytes, options, model.import, *TheInstance().runtime));
  INSITU_ASSIGN(const Inspection found, InspectModel(model.bytes, model.import));
  val description = val::object();
  description.set("inputs", InfosToJs(found.inputs));
  description.set("nodes", ToArray(std::span<const std::string>(quantizer->Nodes())));
  description.set("wantsSamples", quantizer->WantsSamples());
  description.set("byteLength", static_cast<double>(model.size));
  TheSlot() = std::make_unique<Loaded>();
  TheSlot()->quantizer = std::move(quantizer);
  return description;
}

void Hash(std::string_view text, Sha256& into) {
  into.Update(std::as_bytes(std::span(text)));
  into.Update(std::array{std::byte{0}});
}

// dtype and dims, and what they say how much of: bytes, strings with their lengths, or items.
void Hash(const Tensor& value, Sha256& into) {
  Hash(Name(value.dtype()), into);
  if (!IsTensorType(value.dtype())) {
    Hash(std::to_string(value.items().size()), into);
    for (const Tensor& item : value.items()) Hash(item, into);
    return;
  }
  std::string dims;
  for (const int64_t dim : value.dims()) dims += (dims.empty() ? "" : ",") + std::to_string(dim);
  Hash(dims, into);
  if (value.dtype() != DType::kString) return into.Update(value.bytes());
  for (const std::string& text : value.strings()) {
    Hash(std::to_string(text.size()), into);
    into.Update(std::as_bytes(std::span(text)));
  }
}

Status Observe() {
  const std::vector<NamedTensor> feeds = std::exchange(TheInstance().feeds, {});
  INSITU_ASSIGN(Loaded * loaded, TheQuantizer());
  INSITU_TRY(loaded->quantizer->Observe(feeds));
  for (const NamedTensor& feed : feeds) {
    Hash(feed.name, loaded->calibration);
    Hash(feed.tensor, loaded->calibration);
  }
  return {};
}

Result<val> Seen() {
  INSITU_ASSIGN(const Loaded* loaded, TheQuantizer());
  Sha256 so_far = loaded->calibration;
  return val(ToHex(so_far.Finish()));
}

Result<val> Measure(const std::string& node, double samples) {
  INSITU_ASSIGN(Loaded * loaded, TheQuantizer());
  INSITU_ASSIGN(const LayerError error,
                loaded->quantizer->Measure(node, static_cast<int>(samples)));
  val fields = val::object();
  fields.set("node", error.node);
  fields.set("op", error.op);
  fields.set("weightSqnr", error.weight_sqnr ? val(*error.weight_sqnr) : val::null());
  fields.set("outputSqnr", error.output_sqnr ? val(*error.output_sqnr) : val::null());
  return fields;
}

Result<val> Write(const val& js_metadata, const val& in_float) {
  INSITU_ASSIGN(Loaded * loaded, TheQuantizer());
  std::map<std::string, std::string> metadata;
  for (const std::string& key : Keys(js_metadata))
    metadata.emplace(key, js_metadata[key].as<std::string>());
  INSITU_ASSIGN(loaded->written, loaded->quantizer->Write(metadata, ToSet(in_float)));
  return BytesToJs({loaded->written.data(), loaded->written.size()});
}

val QuantizerBegin(int upload, val external, val options) {
  return Answer(Begin(upload, external, options));
}

val QuantizerObserve() { return Answer(Observe()); }

val QuantizerSeen() { return Answer(Seen()); }

val QuantizerMeasure(std::string node, double samples) { return Answer(Measure(node, samples)); }

val QuantizerWrite(val metadata, val in_float) { return Answer(Write(metadata, in_float)); }

void QuantizerDrop() {
  if (auto loaded = TheQuantizer()) (*loaded)->written = Buffer();
}

}  // namespace

EMSCRIPTEN_BINDINGS(insitu_quantizer) {
  using emscripten::function;
  function("quantizerBegin", &QuantizerBegin);
  function("quantizerObserve", &QuantizerObserve);
  function("quantizerSeen", &QuantizerSeen);
  function("quantizerMeasure", &QuantizerMeasure);
  function("quantizerWrite", &QuantizerWrite);
  function("quantizerDrop", &QuantizerDrop);
}

}  // namespace insitu::bindings
