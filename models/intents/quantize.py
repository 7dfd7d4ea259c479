"""Dynamic quantization, laid out as onnxruntime's quantize_dynamic(per_channel=True) does, and the int8 run in numpy.

Weights: int8 symmetric per output column; the embedding int8 symmetric per tensor. Activations: uint8, one scale a tensor, by
DynamicQuantizeLinear (https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html).
"""
import numpy as np

import network

LAYERS = ("windows", "hidden", "labels")


def symmetric(weight, axis):
    """int8 values and float32 scales; `axis`: over which one scale holds (None: all)."""
    scale = np.maximum(np.abs(weight).max(axis=axis) / np.float32(127), np.float32(1e-8)).astype(np.float32)
    return np.clip(np.rint(weight / scale), -127, 127).astype(np.int8), scale


def quantize(w):
    """{name: (int8 values, scale)} of the embedding and the weights of LAYERS."""
    out = {f"{name}.weight": symmetric(w[f"{name}.weight"], 0) for name in LAYERS}
    return {"embedding": symmetric(w["embedding"], None), **out}


def dynamic(x):
    """uint8 values, scale and zero point of a whole tensor."""
    low, high = np.float32(min(0, x.min())), np.float32(max(0, x.max()))
    scale = np.float32((high - low) / np.float32(255)) if high > low else np.float32(1)
    zero = np.clip(np.rint(-low / scale), 0, 255).astype(np.int32)
    return np.clip(np.rint(x / scale) + zero, 0, 255).astype(np.int32), scale, zero


def forward(w, q, rows):
    """float32 [n, labels] of the int8 model; the rows of one call are one batch and share their scales."""
    def product(x, _, name):
        values, scale, zero = dynamic(x)
        weight, weight_scale = q[f"{name}.weight"]
        return ((values - zero) @ weight.astype(np.int32)).astype(np.float32) * (scale * weight_scale)
    values, scale = q["embedding"]
    return network.forward({**w, "embedding": values.astype(np.float32) * scale}, rows, product)
