// Random small graphs in text form. Floats: operators on images and matrices as exporters write
// them. Quantized: the same shapes of networks with every operator between DequantizeLinear and
// QuantizeLinear, as static quantization writes them.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace insitu::test {

class RandomGraph {
 public:
  // `wide`: extents are those of a small graph times this.
  RandomGraph(uint32_t seed, bool quantized, int64_t wide = 1)
      : rng_(seed), quantized_(quantized), wide_(wide) {}

  std::string Text() {
    const Dims dims = {Pick(1, 2), wide_ * Pick(1, 9), wide_ * Pick(3, 9), wide_ * Pick(3, 9)};
    body_ =
        "graph g {\n  input x: " + (quantized_ ? Type(true) : "float32") + Bracketed(dims) + "\n";
    values_ = {{"x", dims, 0.05f, 10}};
    const int64_t count = Pick(3, 10);
    for (int64_t i = 0; i < count; ++i) AddOne();
    body_ += "  output " + values_.back().name + "\n";
    if (const size_t other = Any(); other != 0 && other + 1 != values_.size())
      body_ += "  output " + values_[other].name + "\n";
    return body_ + "}";
  }

 private:
  struct Known {
    std::string name;
    Dims dims;
    float scale;
    int zero;
  };

  int64_t Pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(rng_);
  }
  float PickScale() { return static_cast<float>(Pick(1, 64)) / 256.0f; }
  size_t Any() { return static_cast<size_t>(Pick(0, static_cast<int64_t>(values_.size()) - 1)); }
  template <class T>
  const T& OneOf(const std::vector<T>& list) {
    return list[static_cast<size_t>(Pick(0, static_cast<int64_t>(list.size()) - 1))];
  }
  std::string Fresh(const std::string& stem) { return stem + std::to_string(next_++); }
  static std::string Bracketed(const Dims& dims) {
    return ToString(std::span<const int64_t>(dims));
  }
  std::string Type(bool activation) const { return activation && unsigned_ ? "uint8" : "int8"; }

  std::string Constant(const std::string& type, const Dims& dims,
                       const std::string& elements = {}) {
    const std::string name = Fresh("c");
    const std::string value =
        elements.empty() ? "random(" + std::to_string(Pick(1, 1000)) + ")" : elements;
    body_ += "  const " + name + ": " + type + Bracketed(dims) + " = " + value + "\n";
    return name;
  }
  std::string Scale(float scale) {
    return Constant("float32", {}, "[" + std::to_string(scale) + "]");
  }
  std::string Zero(int zero) { return Constant(Type(true), {}, "[" + std::to_string(zero) + "]"); }

  // The name of the value as reals.
  std::string Real(const Known& value) {
    if (!quantized_) return value.name;
    const std::string name = Fresh("r");
    const std::string scale = Scale(value.scale), zero = Zero(value.zero);
    body_ += "  " + name + " = DequantizeLinear(" + value.name + ", " + scale + ", " + zero + ")\n";
    return name;
  }

  // Weights as reals: floats, or int8 with a scale, one for each of `channels` on `axis` or one.
  std::string Weights(const Dims& dims, size_t axis) {
    if (!quantized_) return Constant("float32", dims);
    const bool per_channel = Pick(0, 1) == 1;
    const std::string weights = Constant("int8", dims);
    std::string scales = "[";
    for (int64_t c = 0; c < (per_channel ? dims[axis] : 1); ++c)
      scales += (c ? "," : "") + std::to_string(static_cast<float>(Pick(1, 16)) / 1024.0f);
    const std::string scale =
        Constant("float32", per_channel ? Dims{dims[axis]} : Dims{}, scales + "]");
    const std::string name = Fresh("w");
    body_ += "  " + name + " = DequantizeLinear(" + weights + ", " + scale +
             ") {axis=" + std::to_string(axis) + "}\n";
    return name;
  }

  void Give(const std::string& expression, const Dims& dims, bool same_scale = false) {
    const Known from = values_.back();
    const std::string name = Fresh("v");
    if (!quantized_) {
      body_ += "  " + name + " = " + expression + "\n";
      values_.push_back({name, dims, 1, 0});
      return;
    }
    const std::string real = Fresh("r");
    body_ += "  " + real + " = " + expression + "\n";
    const bool keep = same_scale && Pick(0, 3) > 0;
    const Known to{name, dims, keep ? from.scale : PickScale(),
                   keep ? from.zero : static_cast<int>(Pick(0, 100))};
    const std::string scale = Scale(to.scale), zero = Zero(to.zero);
    body_ += "  " + name + " = QuantizeLinear(" + real + ", " + scale + ", " + zero + ")\n";
    values_.push_back(to);
  }

  void AddOne() {
    const Known& x = values_.back();
    const size_t rank = x.dims.size();
    switch (Pick(0, 9)) {
      case 0:
        return rank == 4 ? AddConv() : AddMatMul();
      case 1:
        return rank == 4 ? AddPool() : AddMatMul();
      case 2:
        return AddUnary();
      case 3:
        return AddBinary();
      case 4:
        return AddTranspose();
      case 5:
        return AddConcat();
      case 6:
        return rank == 4 && Pick(0, 2) == 0 ? AddGlobalPool() : AddUnary();
      case 7:
        return AddSlice();
      case 8:
        return AddReshape();
      default:
        return Give("Softmax(" + Real(x) +
                        ") {axis=" + std::to_string(Pick(0, static_cast<int64_t>(rank) - 1)) + "}",
                    x.dims);
    }
  }

  void AddConv() {
    const Known x = values_.back();
    const int64_t channels = x.dims[1];
    const bool depthwise = Pick(0, 2) == 0;
    const int64_t groups = depthwise ? channels : 1;
    const int64_t out = depthwise ? channels : wide_ * Pick(1, 12);
    const int64_t kernel = std::min(Pick(1, 3), std::min(x.dims[2], x.dims[3])),
                  stride = Pick(1, 2);
    const int64_t pad = kernel > 1 ? Pick(0, 1) : 0;
    const auto extent = [&](int64_t in) { return (in + 2 * pad - kernel) / stride + 1; };
    const std::string weights = Weights({out, channels / groups, kernel, kernel}, 0);
    const std::string bias = Pick(0, 1) ? ", " + Constant("float32", {out}) : "";
    const std::string p = std::to_string(pad), s = std::to_string(stride);
    std::string conv = "Conv(" + Real(x) + ", " + weights + bias +
                       ") {group=" + std::to_string(groups) + ", strides=[" + s + "," + s +
                       "], pads=[" + p + "," + p + "," + p + "," + p + "]}";
    const Dims dims = {x.dims[0], out, extent(x.dims[2]), extent(x.dims[3])};
    if (Pick(0, 1)) {
      const std::string between = Fresh("b");
      body_ += "  " + between + " = " + conv + "\n";
      conv = "Relu(" + between + ")";
    }
    Give(conv, dims);
  }

  void AddMatMul() {
    const Known x = values_.back();
    if (x.dims.size() < 2) return AddUnary();
    const int64_t columns = wide_ * Pick(1, 12);
    const std::string weights = Weights({x.dims.back(), columns}, 1);
    Dims dims = x.dims;
    dims.back() = columns;
    Give("MatMul(" + Real(x) + ", " + weights + ")", dims);
  }

  void AddPool() {
    const Known x = values_.back();
    const int64_t kernel = std::min<int64_t>(2, std::min(x.dims[2], x.dims[3])),
                  stride = Pick(1, 2);
    const auto extent = [&](int64_t in) { return (in - kernel) / stride + 1; };
    const bool max = Pick(0, 1) == 1;
    const std::string k = std::to_string(kernel), s = std::to_string(stride);
    Give((max ? "MaxPool(" : "AveragePool(") + Real(x) + ") {kernel_shape=[" + k + "," + k +
             "], strides=[" + s + "," + s + "]}",
         {x.dims[0], x.dims[1], extent(x.dims[2]), extent(x.dims[3])}, max);
  }

  void AddGlobalPool() {
    const Known x = values_.back();
    Give("GlobalAveragePool(" + Real(x) + ")", {x.dims[0], x.dims[1], 1, 1});
  }

  void AddUnary() {
    const Known x = values_.back();
    const std::vector<std::string> ops = {"Relu", "Sigmoid",   "Tanh", "HardSwish", "Abs",
                                          "Neg",  "LeakyRelu", "Elu",  "Floor",     "Gelu"};
    Give(OneOf(ops) + "(" + Real(x) + ")", x.dims);
  }

  void AddBinary() {
    const Known x = values_.back(), other = values_[Any()];
    const bool fits = other.dims == x.dims;
    std::string operand =
        fits ? Real(other) : Constant("float32", Pick(0, 1) ? Dims{x.dims.back()} : Dims{});
    const std::vector<std::string> ops = {"Add", "Mul", "Sub"};
    if (quantized_ && !fits) operand = Real(x);
    Give(OneOf(ops) + "(" + Real(x) + ", " + operand + ")", x.dims);
  }

  void AddTranspose() {
    const Known x = values_.back();
    std::vector<int64_t> perm(x.dims.size());
    for (size_t i = 0; i < perm.size(); ++i) perm[i] = static_cast<int64_t>(i);
    std::ranges::shuffle(perm, rng_);
    Dims dims;
    for (int64_t axis : perm) dims.push_back(x.dims[static_cast<size_t>(axis)]);
    Give("Transpose(" + Real(x) + ") {perm=" + Bracketed(perm) + "}", dims, true);
  }

  void AddConcat() {
    const Known x = values_.back(), other = values_[Any()];
    const bool fits = other.dims == x.dims;
    const auto axis = static_cast<size_t>(Pick(0, static_cast<int64_t>(x.dims.size()) - 1));
    Dims dims = x.dims;
    if (dims[axis] > 64) return AddUnary();
    dims[axis] *= 2;
    const std::string a = Real(x), b = Real(fits ? other : x);
    Give("Concat(" + a + ", " + b + ") {axis=" + std::to_string(axis) + "}", dims, true);
  }

  void AddSlice() {
    const Known x = values_.back();
    const auto axis = static_cast<size_t>(Pick(0, static_cast<int64_t>(x.dims.size()) - 1));
    if (x.dims[axis] < 2) return AddUnary();
    const int64_t start = Pick(0, x.dims[axis] - 1), end = Pick(start + 1, x.dims[axis]);
    const auto list = [&](int64_t value) {
      return Constant("int64", {1}, "[" + std::to_string(value) + "]");
    };
    Dims dims = x.dims;
    dims[axis] = end - start;
    const std::string s = list(start), e = list(end), a = list(static_cast<int64_t>(axis));
    Give("Slice(" + Real(x) + ", " + s + ", " + e + ", " + a + ")", dims, true);
  }

  void AddReshape() {
    const Known x = values_.back();
    const auto cut = static_cast<size_t>(Pick(1, static_cast<int64_t>(x.dims.size())));
    Dims dims(x.dims.begin(), x.dims.begin() + static_cast<ptrdiff_t>(cut));
    dims.push_back(ElementsUnchecked(std::span(x.dims).subspan(cut)));
    const std::string shape =
        Constant("int64", {static_cast<int64_t>(dims.size())}, Bracketed(dims));
    Give("Reshape(" + Real(x) + ", " + shape + ")", dims, true);
  }

  std::mt19937 rng_;
  bool quantized_;
  int64_t wide_;
  bool unsigned_ = Pick(0, 1) == 1;
  int next_ = 0;
  std::string body_;
  std::vector<Known> values_;
};

}  // namespace insitu::test
