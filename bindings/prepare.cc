// From pixels and samples in scratch memory to the one tensor that is being prepared, and from
// there to a session's feeds or out to the page. Invariant: what is prepared lives until it is
// staged, dropped, or another is begun.
#include "prepare.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "instance.h"
#include "preprocess/audio.h"
#include "sessions.h"

namespace insitu::bindings {
namespace {

// What JavaScript has checked, or computed itself: anything else is a mistake of ours.
Status Wrong(std::string_view what) {
  return Fail(ErrorCode::kInvalidArgument, "no " + std::string(what) + " was handed over");
}

Status ReadTriple(const val& numbers, std::array<double, 3>& into) {
  const std::vector<double> given = emscripten::vecFromJSArray<double>(numbers);
  if (given.size() != into.size()) return Wrong("three numbers");
  std::ranges::copy(given, into.begin());
  return {};
}

Result<ImageFormat> ToFormat(const val& js) {
  ImageFormat format;
  format.dtype = ParseDType(js["dtype"].as<std::string>()).value_or(DType::kUndefined);
  INSITU_ASSIGN(const uint64_t width, ToCount(js["width"], "width"));
  INSITU_ASSIGN(const uint64_t height, ToCount(js["height"], "height"));
  format.width = static_cast<int64_t>(width);
  format.height = static_cast<int64_t>(height);
  format.channels_last = js["channelsLast"].as<bool>();
  const auto order = js["channels"].as<std::string>(), filter = js["filter"].as<std::string>();
  if (order == "bgr") format.order = ChannelOrder::kBgr;
  if (order == "gray") format.order = ChannelOrder::kGray;
  if (filter == "area") format.filter = ResampleFilter::kArea;
  if (filter == "bicubic") format.filter = ResampleFilter::kBicubic;
  format.scale = js["scale"].as<double>();
  INSITU_TRY(ReadTriple(js["mean"], format.mean));
  INSITU_TRY(ReadTriple(js["std"], format.deviation));
  format.quantum = js["quantum"].as<double>();
  format.zero_point = js["zeroPoint"].as<int>();
  std::array<double, 3> background{};
  INSITU_TRY(ReadTriple(js["background"], background));
  for (size_t c = 0; c < background.size(); ++c)
    format.background[c] = static_cast<uint8_t>(std::clamp(background[c], 0.0, 255.0));
  INSITU_TRY(CheckFormat(format));
  return format;
}

Status BeginImages(const val& js_format, int count) {
  Instance& instance = TheInstance();
  INSITU_ASSIGN(instance.image_format, ToFormat(js_format));
  INSITU_ASSIGN(instance.prepared,
                Tensor::Allocate(instance.image_format.dtype, instance.image_format.dims(count)));
  return {};
}

Result<int64_t> ToWhole(double number, std::string_view what) {
  constexpr double kLargest = 1e9;
  if (std::abs(number) <= kLargest && number == std::floor(number))
    return static_cast<int64_t>(number);
  return Fail(ErrorCode::kInvalidArgument, std::string(what) + " is " + std::to_string(number),
              "Pass a whole number.");
}

Status ReadWhole(std::span<const double> numbers, std::span<int64_t> into) {
  for (size_t i = 0; i < into.size(); ++i) {
    INSITU_ASSIGN(into[i], ToWhole(numbers[i], "an extent of an image"));
  }
  return {};
}

Status AddImage(int index, std::span<const double> source, std::span<const double> placement,
                bool bgr, bool opaque) {
  Instance& instance = TheInstance();
  const Dims& dims = instance.prepared.dims();
  if (dims.size() != 4 || index < 0 || index >= dims[0]) return Wrong("batch for this image");
  std::array<int64_t, 3> from{};
  std::array<int64_t, 4> to{};
  INSITU_TRY(ReadWhole(source, from));
  INSITU_TRY(ReadWhole(placement, to));
  Buffer& pixels = instance.scratch;
  return WriteImage({{pixels.data(), pixels.size()}, from[0], from[1], from[2], bgr, opaque},
                    {to[0], to[1], to[2], to[3]}, instance.image_format, index, instance.prepared);
}

Result<MelOptions> ToMelOptions(const val& js, int64_t rate) {
  MelOptions mel;
  mel.rate = rate;
  for (const auto& [name, field] : {std::pair("fftSize", &mel.fft_size),
                                    {"hopLength", &mel.hop},
                                    {"windowLength", &mel.window},
                                    {"mels", &mel.mels}}) {
    INSITU_ASSIGN(const uint64_t count, ToCount(js[name], name));
    *field = static_cast<int64_t>(count);
  }
  mel.low_hz = js["fMin"].as<double>();
  mel.high_hz = js["fMax"].as<double>();
  mel.htk = js["htk"].as<bool>();
  mel.slaney = js["slaney"].as<bool>();
  mel.centre = js["center"].as<bool>();
  mel.reflects = js["reflects"].as<bool>();
  mel.power = js["power"].as<double>();
  mel.floor = js["floor"].as<double>();
  mel.top_db = js["topDb"].as<double>();
  const auto log = js["log"].as<std::string>();
  mel.log = log == "db"        ? MelLog::kDecibel
            : log == "ln"      ? MelLog::kLn
            : log == "log10"   ? MelLog::kLog10
            : log == "whisper" ? MelLog::kWhisper
                               : MelLog::kNone;
  return mel;
}

// `length` samples, cut or followed by silence.
Result<Tensor> OfLength(const Tensor& samples, int64_t length) {
  INSITU_ASSIGN(Tensor exact, Tensor::Allocate(DType::kFloat32, {1, length}));
  const std::span<const float> from = samples.As<float>();
  const std::span<float> to = exact.As<float>();
  const auto count = std::min(from.size(), to.size());
  std::ranges::fill(std::ranges::copy(from.first(count), to.begin()).out, to.end(), 0.0F);
  return exact;
}

Status PrepareAudio(int samples, double channels, double rate, const val& options) {
  Instance& instance = TheInstance();
  const Buffer& scratch = instance.scratch;
  if (samples < 0 || static_cast<size_t>(samples) > scratch.size() / sizeof(float))
    return Wrong("samples");
  INSITU_ASSIGN(const int64_t channel_count, ToWhole(channels, "the number of channels"));
  INSITU_ASSIGN(const int64_t source_rate, ToWhole(rate, "sampleRate"));
  INSITU_ASSIGN(const uint64_t wanted_rate, ToCount(options["rate"], "rate"));
  const auto target_rate = static_cast<int64_t>(wanted_rate);
  const std::span heard(reinterpret_cast<const float*>(scratch.data()),
                        static_cast<size_t>(samples));
  INSITU_ASSIGN(instance.prepared, ResampleAudio({heard, channel_count, source_rate}, target_rate));
  if (const val length = options["length"]; !length.isUndefined()) {
    INSITU_ASSIGN(const uint64_t count, ToCount(length, "length"));
    INSITU_ASSIGN(instance.prepared, OfLength(instance.prepared, static_cast<int64_t>(count)));
  }
  if (const val mel = options["mel"]; !mel.isUndefined()) {
    INSITU_ASSIGN(const MelOptions mel_options, ToMelOptions(mel, target_rate));
    INSITU_ASSIGN(instance.prepared, MelSpectrogram(instance.prepared.As<float>(), mel_options));
  }
  return {};
}

}  // namespace

val ImageBegin(val format, int count) { return Answer(BeginImages(format, count)); }

val ImageAdd(int index, double width, double height, double channels, double scaled_width,
             double scaled_height, double left, double top, bool bgr, bool opaque) {
  return Answer(AddImage(index, std::array{width, height, channels},
                         std::array{scaled_width, scaled_height, left, top}, bgr, opaque));
}

val Audio(int samples, double channels, double rate, val options) {
  return Answer(PrepareAudio(samples, channels, rate, options));
}

val Prepared() { return ToJs("", TheInstance().prepared); }

val StagePrepared(int session, std::string name) {
  return Answer(AddFeed(session, std::move(name), std::exchange(TheInstance().prepared, Tensor())));
}

void DropPrepared() { TheInstance().prepared = Tensor(); }

}  // namespace insitu::bindings
