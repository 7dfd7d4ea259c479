"""Writes the two ONNX files, field by field, in the protobuf wire format (no onnx package needed).

Field numbers are those of onnx.proto (ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto).
Deterministic: the same layers give the same bytes. Opset 17, IR version 8.
The int8 model is laid out as onnxruntime's quantize_static does: DequantizeLinear in front of every input of a
quantized operator, QuantizeLinear behind it, Softmax in float.
"""
import json
import struct

import numpy as np

from layers import LABELS
from quantize import INPUT_SCALE

FLOAT, UINT8, INT8, INT32 = 1, 2, 3, 6
TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.uint8): UINT8, np.dtype(np.int8): INT8, np.dtype(np.int32): INT32}


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    value = value.encode() if isinstance(value, str) else bytes(value)
    return varint(field << 3 | 2) + varint(len(value)) + value


def attribute(name, value):
    body = data(1, name)
    if isinstance(value, float):
        body += varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, 1)
    elif isinstance(value, int):
        body += number(3, value) + number(20, 2)
    else:
        body += b"".join(number(8, v) for v in value) + number(20, 7)
    return data(5, body)


def tensor(name, array):
    array = np.asarray(array)
    little = array.astype(array.dtype.newbyteorder("<"))
    return (b"".join(number(1, d) for d in array.shape) + number(2, TYPES[array.dtype]) + data(8, name)
            + data(9, little.tobytes()))


def value_info(name, dims):
    shape = b"".join(data(1, data(2, d) if isinstance(d, str) else number(1, d)) for d in dims)
    return data(1, name) + data(2, data(1, number(1, FLOAT) + data(2, shape)))


class Graph:
    def __init__(self, name):
        self.name = name
        self.nodes, self.constants = [], []

    def constant(self, name, array):
        self.constants.append(tensor(name, array))
        return name

    def node(self, op, inputs, output, name, **attributes):
        body = b"".join(data(1, i) for i in inputs) + data(2, output) + data(3, name) + data(4, op)
        body += b"".join(attribute(k, v) for k, v in sorted(attributes.items()))
        self.nodes.append(body)
        return output

    def model(self, description, version):
        graph = b"".join(data(1, n) for n in self.nodes) + data(2, self.name)
        graph += b"".join(data(5, c) for c in self.constants) + data(10, description)
        graph += data(11, value_info("image", ["batch", 1, 28, 28]))
        graph += data(12, value_info("probabilities", ["batch", len(LABELS)]))
        props = {
            "author": "the insitu project",
            "insitu.input": "image: float32 [batch, 1, 28, 28], ink 1 on paper 0. A square canvas of 280 px, drawn with "
                            "a round pen of 18 px, averaged down by area to 28x28; neither centred nor rescaled.",
            "labels": json.dumps(LABELS),
            "licence": "Apache-2.0",
            "version": version,
        }
        out = number(1, 8) + data(2, "insitu-models") + data(3, version)
        out += data(6, description) + data(7, graph) + data(8, data(1, "") + number(2, 17))
        return out + b"".join(data(14, data(1, k) + data(2, v)) for k, v in sorted(props.items()))


def conv_attributes(weight, stride, group):
    k = weight.shape[2]
    return dict(kernel_shape=[k, k], strides=[stride, stride], pads=[k // 2] * 4, dilations=[1, 1], group=group)


def float_model(layers, version):
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
    return g.model("Handwritten digits 0-9 and a reject class; float32.", version)


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
    return g.model("Handwritten digits 0-9 and a reject class; int8, quantized per channel (QDQ).", version)
