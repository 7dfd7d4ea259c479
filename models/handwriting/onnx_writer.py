"""Writes the two ONNX files of the handwriting model.

Deterministic: the same layers give the same bytes.
The int8 model is laid out as onnxruntime's quantize_static does: DequantizeLinear in front of every input of a
quantized operator, QuantizeLinear behind it, Softmax in float.
"""
import json
import sys
from pathlib import Path

import numpy as np

from layers import LABELS
from quantize import INPUT_SCALE

sys.path.append(str(Path(__file__).resolve().parents[1]))
from common.onnx_graph import Graph  # noqa: E402


def written(g, description, version, more=None):
    return g.model(description, version, [("image", ["batch", 1, 28, 28])], [("probabilities", ["batch", len(LABELS)])], {
        "author": "the insitu project",
        "insitu.input": "image: float32 [batch, 1, 28, 28], ink 1 on paper 0. A square canvas of 280 px, drawn with "
                        "a round pen of 18 px, averaged down by area to 28x28; neither centred nor rescaled.",
        "labels": json.dumps(LABELS),
        "licence": "Apache-2.0",
        "version": version,
        **(more or {}),
    })


def conv_attributes(weight, stride, group):
    k = weight.shape[2]
    return dict(kernel_shape=[k, k], strides=[stride, stride], pads=[k // 2] * 4, dilations=[1, 1], group=group)


def float_model(layers, version, more=None):
    """`more`: metadata besides those that all files have."""
    g, x = Graph("handwriting"), "image"
    for layer in layers:
        feeds = [x, g.constant(layer.name + ".weight", layer.weight), g.constant(layer.name + ".bias", layer.bias)]
        if layer.kind == "gemm":
            x = g.node("GlobalAveragePool", [x], "average_out", "average")
            feeds[0] = g.node("Flatten", [x], "flat_out", "flatten", axis=1)
            x = g.node("Gemm", feeds, "logits", layer.name, alpha=1.0, beta=1.0, transB=1)
        else:
            out = layer.name + "_sum"
            x = g.node("Conv", feeds, out, layer.name, **conv_attributes(layer.weight, layer.stride, layer.group))
            x = g.node("Relu", [x], layer.name + "_out", layer.name + "_relu")
    g.node("Softmax", [x], "probabilities", "softmax", axis=1)
    return written(g, "Handwritten digits 0-9 and a reject class; float32.", version, more)


def quantized_model(qlayers, version):
    g = Graph("handwriting_int8")

    def wrap(name, scale, zero):
        """QuantizeLinear and DequantizeLinear behind the tensor `name`."""
        scale = g.constant(name + "_scale", np.float32(scale))
        zero = g.constant(name + "_zero_point", np.uint8(zero))
        q = g.node("QuantizeLinear", [name, scale, zero], name + "_quantized", name + "_QuantizeLinear")
        return g.node("DequantizeLinear", [q, scale, zero], name + "_dequantized", name + "_DequantizeLinear")

    def stored(name, values, scale):
        """A quantized constant, per channel, with its DequantizeLinear."""
        feeds = [g.constant(name + "_quantized", values), g.constant(name + "_scale", scale),
                 g.constant(name + "_zero_point", np.zeros(len(scale), dtype=values.dtype))]
        return g.node("DequantizeLinear", feeds, name, name + "_DequantizeLinear", axis=0)

    x = wrap("image", INPUT_SCALE, 0)
    for q in qlayers:
        weight = stored(q.name + ".weight", q.weight, q.weight_scale)
        bias = stored(q.name + ".bias", q.bias, (q.x_scale * q.weight_scale).astype(np.float32))
        if q.kind == "gemm":
            x = wrap(g.node("GlobalAveragePool", [x], "average_out", "average"), q.x_scale, 0)
            x = wrap(g.node("Flatten", [x], "flat_out", "flatten", axis=1), q.x_scale, 0)
            x = g.node("Gemm", [x, weight, bias], "logits", q.name, alpha=1.0, beta=1.0, transB=1)
        else:
            group = len(q.weight) if q.kind == "depthwise" else 1
            out = q.name + "_sum"
            x = g.node("Conv", [x, weight, bias], out, q.name, **conv_attributes(q.weight, q.stride, group))
            x = g.node("Relu", [x], q.name + "_out", q.name + "_relu")
        x = wrap(x, q.y_scale, q.y_zero)
    g.node("Softmax", [x], "probabilities", "softmax", axis=1)
    return written(g, "Handwritten digits 0-9 and a reject class; int8, quantized per channel (QDQ).", version)
