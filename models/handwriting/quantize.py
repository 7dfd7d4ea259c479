#!/usr/bin/env python3
"""Post-training static quantization to int8, and the exact integer run of the result.

Activations: uint8 per tensor; weights: int8 symmetric per output channel; bias: int32 of scale x * w.
`run` computes what the int8 model means: products summed exactly, then
y = saturate(rint_half_even(float32(sum) * m) + zero_point), m = float32(float32(x_scale * w_scale[c]) / y_scale).
Every sum stays below 2^24, so that float32 matrix products hold it exactly, whatever their order.
The average's scale is its input's divided by a power of two: a mean of 49 integers then never lies on a tie.
"""
from dataclasses import dataclass

import numpy as np

from layers import apply, batches, forward, softmax

INPUT_SCALE = np.float32(1 / 255)


@dataclass
class QuantizedLayer:
    name: str
    kind: str
    weight: np.ndarray       # int8
    weight_scale: np.ndarray  # float32 [out]
    bias: np.ndarray         # int32 [out]
    stride: int
    relu: bool
    x_scale: np.float32
    y_scale: np.float32
    y_zero: int


def tidy(value):
    """Four significant digits, upwards: the last bits of a calibration run then decide nothing."""
    digits = 3 - int(np.floor(np.log10(value)))
    return np.float32(np.ceil(value * 10.0**digits) / 10.0**digits)


class Ranges:
    """Highest and lowest activation of each layer, leaving out a share of outliers."""

    def __init__(self, keep=0.9999):
        self.keep = keep
        self.seen = {}

    def __call__(self, name, x):
        self.seen.setdefault(name, []).append(x.reshape(len(x), -1)[:, ::3].ravel() if x.ndim == 4 else x.ravel())

    def of(self, name):
        values = np.concatenate(self.seen[name]).astype(np.float64)
        keep = self.keep if values.size > 1e6 else 1.0
        return min(0.0, float(np.quantile(values, 1 - keep))), max(0.0, float(np.quantile(values, keep)))


def quantize(layers, images):
    """Calibrates on float32 [n, 1, 28, 28]."""
    ranges = Ranges()
    forward(layers, images, ranges)
    out, x_scale = [], INPUT_SCALE
    for layer in layers:
        if layer.kind == "gemm":
            x_scale = average_scale(x_scale, ranges.of("average")[1])
        low, high = ranges.of(layer.name)
        y_scale = tidy((high - low) / 255)
        y_zero = int(np.clip(np.rint(-low / y_scale), 0, 255))
        flat = np.abs(layer.weight.reshape(len(layer.weight), -1)).max(axis=1)
        w_scale = np.maximum(flat / np.float32(127), np.float32(1e-8)).astype(np.float32)
        shape = (-1,) + (1,) * (layer.weight.ndim - 1)
        weight = np.clip(np.rint(layer.weight / w_scale.reshape(shape)), -127, 127).astype(np.int8)
        bias = np.rint(layer.bias / (x_scale * w_scale).astype(np.float64)).astype(np.int32)
        out.append(QuantizedLayer(layer.name, layer.kind, weight, w_scale, bias, layer.stride, layer.relu,
                                  x_scale, y_scale, y_zero))
        x_scale = y_scale
    return out


def average_scale(x_scale, high):
    shift = 0
    while float(x_scale) * 255 / 2 ** (shift + 1) >= high:
        shift += 1
    return np.float32(x_scale / np.float32(2**shift))


def requantize(total, multiplier, zero):
    y = np.rint(total.astype(np.float32) * multiplier) + np.float32(zero)
    return np.clip(y, 0, 255).astype(np.uint8)


def run(qlayers, images):
    """float32 [n, 11] probabilities of the int8 model."""
    last = qlayers[-1]
    logits = run_logits(qlayers, images).astype(np.int32) - last.y_zero
    return softmax(logits.astype(np.float32) * last.y_scale)


def run_logits(qlayers, images):
    """uint8 [n, 11], what the last QuantizeLinear gives."""
    out = []
    for image in batches(images):
        x = np.clip(np.rint(image / INPUT_SCALE), 0, 255).astype(np.uint8)
        x_scale = INPUT_SCALE
        for q in qlayers:
            if q.kind == "gemm":
                total = x.sum(axis=(1, 2), dtype=np.int32)
                cells = np.float32(x.shape[1] * x.shape[2])
                x = requantize(total, np.float32(np.float32(x_scale / cells) / q.x_scale), 0)
            total = apply(q.kind, x.astype(np.float32), q.weight.astype(np.float32), q.stride)
            total = total.astype(np.int32) + q.bias
            x = requantize(total, ((q.x_scale * q.weight_scale) / q.y_scale).astype(np.float32), q.y_zero)
            x = np.maximum(x, q.y_zero) if q.relu else x
            x_scale = q.y_scale
        out.append(x)
    return np.concatenate(out)
