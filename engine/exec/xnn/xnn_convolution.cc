// Convolution in 1 and 2 dimensions, plain, grouped and depthwise, float32 and quantized.
// Weights [O, kh, kw, I/groups] are XNNPACK's own order, so that packing reads them in place.
// Quantized results equal the formula of ops/lowering.h; tests/exec/xnn_convolution_test.cc shows
// it.
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/checked.h"
#include "exec/xnn/quantized_linear.h"
#include "exec/xnn/sign_flip.h"
#include "exec/xnn/weights_store.h"
#include "exec/xnn/xnn_kernels.h"
#include "exec/xnn/xnn_operator.h"

namespace insitu::xnn {
namespace {

using Op = lowered::Convolution;

// XNNPACK's largest depthwise kernel; larger windows take its general path.
constexpr int64_t kMaxDepthwiseTaps = 25;

struct Padding {
  std::array<uint32_t, 2> begin{}, end{};
  uint32_t flags = 0;
};

bool FitsUint32(int64_t value) {
  return value >= 0 && value <= std::numeric_limits<int32_t>::max();
}

// Padding in numbers. "Same" padding with a stride depends on the input's extent; XNNPACK computes
// the upper kind itself, the way TensorFlow does.
std::expected<Padding, Refusal> ResolvePadding(const Op& op) {
  Padding padding;
  if (!op.auto_pad_same_upper && !op.auto_pad_same_lower) {
    for (int i = 0; i < 2; ++i) {
      if (!FitsUint32(op.pad_begin[i]) || !FitsUint32(op.pad_end[i]))
        return Refuse("negative or huge padding");
      padding.begin[i] = static_cast<uint32_t>(op.pad_begin[i]);
      padding.end[i] = static_cast<uint32_t>(op.pad_end[i]);
    }
    return padding;
  }
  if (op.stride[0] == 1 && op.stride[1] == 1) {
    for (int i = 0; i < 2; ++i) {
      const auto total = static_cast<uint32_t>((op.kernel[i] - 1) * op.dilation[i]);
      const uint32_t half = total / 2;
      padding.begin[i] = op.auto_pad_same_upper ? half : total - half;
      padding.end[i] = total - padding.begin[i];
    }
    return padding;
  }
  for (int i = 0; i < 2; ++i) {
    const bool single = op.kernel[0] == 1 && op.kernel[1] == 1;
    if (!single && (op.kernel[i] - 1) * op.dilation[i] + 1 < op.stride[i])
      return Refuse("same padding with a stride larger than the kernel");
    if (!single && !op.auto_pad_same_upper)
      return Refuse("SAME_LOWER padding with a stride depends on the input's size");
  }
  padding.flags = XNN_FLAG_TENSORFLOW_SAME_PADDING;
  return padding;
}

LinearOperands Operands(const Op& op) {
  return {op.input, op.output,  op.weights,      op.bias,  op.x,
          op.y,     op.w_scale, op.w_zero_point, op.clamp, op.weights.dims()[0]};
}

bool IsDepthwise(const Op& op) {
  return op.weights.dims()[0] == op.groups && op.weights.dims()[3] == 1 &&
         op.kernel[0] * op.kernel[1] <= kMaxDepthwiseTaps;
}

std::optional<Refusal> CheckGeometry(const Op& op) {
  const Dims& w = op.weights.dims();
  if (w.size() != 4 || w[1] != op.kernel[0] || w[2] != op.kernel[1])
    return Refusal{"weights do not match the kernel's extents"};
  if (std::ranges::any_of(w, [](int64_t d) { return d <= 0; }))
    return Refusal{"weights with an empty dimension"};
  if (op.groups < 1 || w[0] % op.groups != 0 || !CheckedMul(op.groups, w[3]) ||
      !FitsUint32(op.groups * w[3]))
    return Refusal{"output channels are not a multiple of groups"};
  for (int i = 0; i < 2; ++i) {
    if (op.stride[i] < 1 || op.dilation[i] < 1 || !FitsUint32(op.stride[i]) ||
        !FitsUint32(op.dilation[i]))
      return Refusal{"strides and dilations must be positive"};
    const auto reach = CheckedMul(op.kernel[i], op.dilation[i]);
    if (!reach || !FitsUint32(*reach)) return Refusal{"a kernel of huge extent"};
  }
  if (PackedBytes(op.groups, w[0] / op.groups, w[1] * w[2] * w[3], sizeof(float)) >
      kMostPackedBytes)
    return Refusal{kTooLargeToPack};
  return std::nullopt;
}

class ConvolutionKernel final : public Kernel {
 public:
  ConvolutionKernel(const Op& op, pthreadpool_t pool, PackedWeights packed)
      : pool_(pool),
        input_channels_(op.weights.dims()[3] * op.groups),
        output_channels_(op.weights.dims()[0]),
        taps_(static_cast<uint64_t>(op.kernel[0] * op.kernel[1])),
        weights_(std::move(packed)) {}

  Status Pack(const Op& op) {
    const Padding p = *ResolvePadding(op);
    const Dims& w = op.weights.dims();
    const auto groups = static_cast<uint32_t>(op.groups);
    const auto group_in = static_cast<size_t>(w[3]);
    const auto group_out = static_cast<size_t>(w[0] / op.groups);
    const auto all_in = static_cast<size_t>(input_channels_);
    const auto all_out = static_cast<size_t>(output_channels_);
    const auto n = [](int64_t value) { return static_cast<uint32_t>(value); };
    xnn_weights_cache_t store = weights_.provider();
    if (group_in == 1 && group_out == 1) {
      store = nullptr;
      depthwise_bytes_ = op.weights.size_bytes() + op.bias.size_bytes();
    }
    // The arguments that all creators share, in their order.
    const auto create = [&](auto creator, auto... rest) {
      return ToStatus(creator(p.begin[0], p.end[1], p.end[0], p.begin[1], n(op.kernel[0]),
                              n(op.kernel[1]), n(op.stride[0]), n(op.stride[1]), n(op.dilation[0]),
                              n(op.dilation[1]), groups, group_in, group_out, all_in, all_out,
                              rest..., p.flags, nullptr, store, operator_.Receive()),
                      "create convolution");
    };
    if (op.input == DType::kFloat32) {
      const float* bias = op.bias.empty() ? nullptr : op.bias.As<float>().data();
      reshape_ = xnn_reshape_convolution2d_nhwc_f32;
      return create(xnn_create_convolution2d_nhwc_f32, op.weights.As<float>().data(), bias,
                    op.clamp.min, op.clamp.max);
    }
    if constexpr (kQuantizedLinear) return PackQuantized(op, create);
    std::unreachable();
  }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    const Dims& in = inputs[0];
    const Dims& out = outputs[0];
    input_elements_ = static_cast<size_t>(ElementsUnchecked(in));
    output_elements_ = static_cast<size_t>(ElementsUnchecked(out));
    if (output_elements_ == 0) return 0;
    const size_t rank = in.size();
    if (rank < 3 || rank > 4 || out.size() != rank || input_elements_ == 0 || in[0] != out[0] ||
        in[rank - 1] != input_channels_ || out[rank - 1] != output_channels_)
      return CannotReshape("convolution", in, out);
    const Dims plane(out.begin() + 1, out.end() - 1);
    INSITU_TRY(
        CheckWindows("a convolution", static_cast<uint64_t>(ElementsUnchecked(plane)), taps_));
    size_t workspace = 0, alignment = 1, height = 0, width = 0;
    INSITU_TRY(ToStatus(
        reshape_(operator_.get(), static_cast<size_t>(in[0]),
                 rank == 4 ? static_cast<size_t>(in[1]) : 1, static_cast<size_t>(in[rank - 2]),
                 &workspace, &alignment, &height, &width, pool_),
        "reshape convolution"));
    if (static_cast<int64_t>(width) != out[rank - 2] ||
        static_cast<int64_t>(height) != (rank == 4 ? out[1] : 1))
      return CannotReshape("convolution", in, out);
    workspace_offset_ =
        quantized_ && quantized_->flip_x ? AlignUp(input_elements_ + kBufferPadding) : 0;
    return uint64_t{workspace_offset_} + workspace;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    if (output_elements_ == 0) return {};
    const std::byte* x = inputs[0];
    if (quantized_ && quantized_->flip_x) {
      FlipSigns(x, scratch, input_elements_);
      x = scratch;
    }
    INSITU_TRY(ToStatus(Setup(scratch + workspace_offset_, x, outputs[0]), "set up convolution"));
    INSITU_TRY(operator_.Run(pool_, "run convolution"));
    if (quantized_ && quantized_->flip_y) FlipSigns(outputs[0], outputs[0], output_elements_);
    return {};
  }

  PackedWeights* packed() override { return &weights_.packed(); }
  size_t packed_bytes() override { return weights_.packed().bytes() + depthwise_bytes_; }

 private:
  template <class Create>
  Status PackQuantized(const Op& op, const Create& create) {
    quantized_ = *ResolveQuantizedLinear(Operands(op));
    const QuantizedLinear& q = *quantized_;
    const int32_t* bias = op.bias.empty() ? nullptr : op.bias.As<int32_t>().data();
    Buffer storage;
    INSITU_ASSIGN(const std::byte* weights, q.Weights(op.weights, storage));
    if (q.is_unsigned) {
      const auto byte = [](int32_t value) { return static_cast<uint8_t>(value); };
      reshape_ = xnn_reshape_convolution2d_nhwc_qu8;
      return create(xnn_create_convolution2d_nhwc_qu8, byte(q.x_zero_point), q.x_scale,
                    byte(q.w_zero_point), q.w_scale[0], reinterpret_cast<const uint8_t*>(weights),
                    bias, byte(q.y_zero_point), q.y_scale, byte(q.y_min), byte(q.y_max));
    }
    const auto byte = [](int32_t value) { return static_cast<int8_t>(value); };
    reshape_ = xnn_reshape_convolution2d_nhwc_qs8_qc8w;
    return create(xnn_create_convolution2d_nhwc_qs8_qc8w, byte(q.x_zero_point), q.x_scale,
                  q.w_scale.data(), reinterpret_cast<const int8_t*>(weights), bias,
                  byte(q.y_zero_point), q.y_scale, byte(q.y_min), byte(q.y_max));
  }

  xnn_status Setup(void* workspace, const std::byte* x, std::byte* y) const {
    if (!kQuantizedLinear || !quantized_)
      return xnn_setup_convolution2d_nhwc_f32(operator_.get(), workspace,
                                              reinterpret_cast<const float*>(x),
                                              reinterpret_cast<float*>(y));
    if (quantized_->is_unsigned)
      return xnn_setup_convolution2d_nhwc_qu8(operator_.get(), workspace,
                                              reinterpret_cast<const uint8_t*>(x),
                                              reinterpret_cast<uint8_t*>(y));
    return xnn_setup_convolution2d_nhwc_qs8_qc8w(operator_.get(), workspace,
                                                 reinterpret_cast<const int8_t*>(x),
                                                 reinterpret_cast<int8_t*>(y));
  }

  pthreadpool_t pool_;
  int64_t input_channels_, output_channels_;
  uint64_t taps_;
  WeightsStore weights_;
  size_t depthwise_bytes_ = 0;
  Operator operator_;
  decltype(&xnn_reshape_convolution2d_nhwc_f32) reshape_ = nullptr;
  std::optional<QuantizedLinear> quantized_;
  size_t input_elements_ = 0, output_elements_ = 0, workspace_offset_ = 0;
};

}  // namespace

Considered Consider(const Op& op) {
  if (auto refusal = CheckGeometry(op)) return std::unexpected(*refusal);
  if (auto padding = ResolvePadding(op); !padding) return std::unexpected(padding.error());
  Offer offer{.cost = 1.0, .wants_channels_last = true};
  if (op.input == DType::kFloat32) {
    if (auto refusal = CheckFloatLinear(Operands(op))) return std::unexpected(*refusal);
    return offer;
  }
  if (!kQuantizedLinear) return Refuse("insitu's own kernels take quantized convolutions");
  auto quantized = ResolveQuantizedLinear(Operands(op));
  if (!quantized) return std::unexpected(quantized.error());
  if (!quantized->is_unsigned && IsDepthwise(op)) {
    const auto lowest = quantized->flip_w ? std::byte{0} : std::byte{0x80};
    if (std::ranges::find(op.weights.bytes(), lowest) != op.weights.bytes().end())
      return Refuse("a weight of -128 overflows the 16-bit sums of XNNPACK's depthwise kernel");
  }
  if (quantized->flip_x) offer.cost += 0.1;
  if (quantized->flip_y) offer.cost += 0.1;
  return offer;
}

Created Create(const Op& op, pthreadpool_t pool, PackedWeights packed) {
  auto kernel = std::make_unique<ConvolutionKernel>(op, pool, std::move(packed));
  INSITU_TRY(kernel->Pack(op));
  return kernel;
}

}  // namespace insitu::xnn
