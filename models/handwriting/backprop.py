"""Gradients of the network of layers.py, and Adam, in NumPy alone: enough to fine-tune plain layers, batch norm folded in.

Invariant: `logits` of the same weights are those of layers.forward in front of its softmax; a test compares the gradients
with differences.
"""
import numpy as np

from layers import columns, softmax

BETAS, EPSILON = (0.9, 0.999), 1e-8


def table_of(weight):
    """[out, in, k, k] -> [k * k * in, out], as `columns` lays out what it is multiplied with."""
    return weight.transpose(2, 3, 1, 0).reshape(-1, len(weight))


def logits(layers, images, tape=None):
    """float32 [n, 11] of [n, 1, 28, 28]; `tape` gets what `gradients` needs of each layer."""
    x = images.reshape(-1, 28, 28, 1)
    for layer in layers:
        shape, taken = x.shape, x
        if layer.kind == "gemm":
            taken = x.mean(axis=(1, 2))
            y = taken @ layer.weight.T + layer.bias
        else:
            cols = columns(x, layer.weight.shape[2], layer.stride)
            n, oh, ow, taps, c = cols.shape
            if layer.kind == "depthwise":
                taken = cols
                y = np.einsum("nhwtc,tc->nhwc", cols, layer.weight.reshape(c, taps).T) + layer.bias
            else:
                taken = cols.reshape(n * oh * ow, taps * c)
                y = (taken @ table_of(layer.weight)).reshape(n, oh, ow, -1) + layer.bias
        if layer.relu:
            y = np.maximum(y, 0)
        if tape is not None:
            tape.append((shape, taken, y))
        x = y
    return x


def spread(cols, shape, kernel, stride):
    """What `columns` unfolds, added up again: [n, oh, ow, kernel * kernel, c] -> NHWC `shape`."""
    n, h, w, c = shape
    if kernel == 1:
        out = np.zeros(shape, dtype=cols.dtype)
        out[:, ::stride, ::stride] = cols[:, :, :, 0]
        return out
    pad = kernel // 2
    padded = np.zeros((n, h + 2 * pad, w + 2 * pad, c), dtype=cols.dtype)
    for i in range(kernel):
        for j in range(kernel):
            padded[:, i:i + h:stride, j:j + w:stride] += cols[:, :, :, i * kernel + j]
    return padded[:, pad:pad + h, pad:pad + w]


def gradients(layers, images, targets):
    """(mean cross entropy, [(of weight, of bias)]) for rows `targets` that sum to 1."""
    tape = []
    out = logits(layers, images, tape)
    p = softmax(out)
    loss = float(-(targets * np.log(np.maximum(p, 1e-12))).sum(axis=1).mean())
    dy, found = (p - targets) / np.float32(len(images)), []
    for layer, (shape, taken, y) in zip(reversed(layers), reversed(tape)):
        if layer.relu:
            dy = dy * (y > 0)
        if layer.kind == "gemm":
            found.append((dy.T @ taken, dy.sum(axis=0)))
            dy = np.broadcast_to((dy @ layer.weight)[:, None, None] / np.float32(shape[1] * shape[2]), shape)
            continue
        k, c = layer.weight.shape[2], shape[3]
        if layer.kind == "depthwise":
            weight = np.einsum("nhwtc,nhwc->ct", taken, dy).reshape(layer.weight.shape)
            cols = dy[:, :, :, None, :] * layer.weight.reshape(c, k * k).T
        else:
            flat = dy.reshape(-1, dy.shape[3])
            weight = (taken.T @ flat).reshape(k, k, c, -1).transpose(3, 2, 0, 1)
            cols = (flat @ table_of(layer.weight).T).reshape(*dy.shape[:3], k * k, c)
        found.append((weight, dy.sum(axis=(0, 1, 2))))
        dy = spread(cols, shape, k, layer.stride)
    return loss, found[::-1]


class Adam:
    """Changes the weights and biases of `layers` in place."""

    def __init__(self, layers):
        self.numbers = [array for layer in layers for array in (layer.weight, layer.bias)]
        self.means = [np.zeros_like(array) for array in self.numbers]
        self.squares = [np.zeros_like(array) for array in self.numbers]
        self.steps = 0

    def step(self, found, rate):
        self.steps += 1
        first, second = BETAS
        size = np.float32(rate * np.sqrt(1 - second**self.steps) / (1 - first**self.steps))
        gradient = [g for pair in found for g in pair]
        for number, mean, square, g in zip(self.numbers, self.means, self.squares, gradient):
            mean += np.float32(1 - first) * (g - mean)
            square += np.float32(1 - second) * (g * g - square)
            number -= size * mean / (np.sqrt(square) + np.float32(EPSILON))
