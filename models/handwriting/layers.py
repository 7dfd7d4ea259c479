"""The network as plain numbers, shared by training, quantization and the ONNX writer.

One Layer per convolution or matrix product, batch norm already folded in. Everything here needs numpy alone:
`forward` is the float network, used to calibrate, and `columns` the unfolding both arithmetics use.
"""
from dataclasses import dataclass

import numpy as np


@dataclass
class Layer:
    name: str
    kind: str            # conv, depthwise, gemm (after a global average)
    weight: np.ndarray   # float32 [out, in / group, k, k] or [out, in]
    bias: np.ndarray     # float32 [out]
    stride: int = 1
    relu: bool = True

    @property
    def group(self):
        return self.weight.shape[0] if self.kind == "depthwise" else 1

    @property
    def pad(self):
        return self.weight.shape[2] // 2 if self.weight.ndim == 4 else 0


# name, kind, in, out, kernel, stride
PLAN = [
    ("conv1", "conv", 1, 16, 3, 1),
    ("conv2", "conv", 16, 24, 3, 2),
    ("depthwise", "depthwise", 24, 24, 3, 1),
    ("pointwise", "conv", 24, 40, 1, 1),
    ("conv3", "conv", 40, 48, 3, 2),
    ("conv4", "conv", 48, 48, 3, 1),
    ("classes", "gemm", 48, 11, 1, 1),
]
LABELS = [str(d) for d in range(10)] + ["reject"]


def columns(x, kernel, stride):
    """NHWC [n, h, w, c] -> [n, oh, ow, kernel * kernel, c], zero padding of kernel // 2."""
    if kernel == 1:
        return x[:, ::stride, ::stride, None, :]
    pad = kernel // 2
    n, h, w, c = x.shape
    padded = np.zeros((n, h + 2 * pad, w + 2 * pad, c), dtype=x.dtype)
    padded[:, pad:pad + h, pad:pad + w] = x
    oh, ow = (h - 1) // stride + 1, (w - 1) // stride + 1
    out = np.empty((n, oh, ow, kernel * kernel, c), dtype=x.dtype)
    for i in range(kernel):
        for j in range(kernel):
            out[:, :, :, i * kernel + j] = padded[:, i:i + h:stride, j:j + w:stride]
    return out


def apply(kind, x, weight, stride):
    """The sums of products of one layer, without bias, in the float type of `x`."""
    if kind == "gemm":
        return x @ weight.T
    cols = columns(x, weight.shape[2], stride)
    n, oh, ow, taps, c = cols.shape
    if kind == "depthwise":
        return np.einsum("nhwtc,tc->nhwc", cols, weight.reshape(c, taps).T)
    table = weight.transpose(2, 3, 1, 0).reshape(taps * c, -1)
    return (cols.reshape(n * oh * ow, taps * c) @ table).reshape(n, oh, ow, -1)


def softmax(logits):
    """float32 rows that sum to 1, computed in double."""
    z = logits.astype(np.float64)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return (e / e.sum(axis=1, keepdims=True)).astype(np.float32)


def batches(images, size=128):
    for start in range(0, len(images), size):
        yield images[start:start + size].reshape(-1, 28, 28, 1)


def forward(layers, images, watch=None):
    """Probabilities of the float network; `watch(name, activations)` sees what every layer hands on."""
    out = []
    for x in batches(images):
        for layer in layers:
            if layer.kind == "gemm":
                x = x.mean(axis=(1, 2))
                if watch:
                    watch("average", x)
            x = apply(layer.kind, x, layer.weight, layer.stride) + layer.bias
            x = np.maximum(x, 0) if layer.relu else x
            if watch:
                watch(layer.name, x)
        out.append(softmax(x))
    return np.concatenate(out)
