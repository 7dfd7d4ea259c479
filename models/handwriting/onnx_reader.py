"""Reads the numbers back out of the two ONNX files that onnx_writer makes (those alone, not ONNX in general).

With it the int8 model and the profile are rebuilt from the committed float twin, and tests need no torch.
"""
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from layers import PLAN, Layer
from quantize import QuantizedLayer

sys.path.append(str(Path(__file__).resolve().parents[1]))
from common.onnx_graph import TYPES  # noqa: E402

DTYPES = {number: dtype for dtype, number in TYPES.items()}


@dataclass
class Contents:
    nodes: list = field(default_factory=list)      # (op, name)
    constants: dict = field(default_factory=dict)  # name -> array
    metadata: dict = field(default_factory=dict)
    ir_version: int = 0
    opset: int = 0


def fields(data):
    """(field number, value) of one message; value is an int or bytes."""
    at = 0

    def varint():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            yield tag >> 3, varint()
            continue
        size = varint() if kind == 2 else {1: 8, 5: 4}[kind]
        yield tag >> 3, data[at:at + size]
        at += size


def tensor(data):
    dims, dtype, name, raw = [], None, "", b""
    for number, value in fields(data):
        if number == 1:
            dims.append(value)
        elif number == 2:
            dtype = DTYPES[value]
        elif number == 8:
            name = value.decode()
        elif number == 9:
            raw = value
    return name, np.frombuffer(raw, dtype=dtype.newbyteorder("<")).astype(dtype).reshape(dims)


def load(path):
    contents = Contents()
    for number, value in fields(Path(path).read_bytes()):
        if number == 1:
            contents.ir_version = value
        elif number == 8:
            contents.opset = dict(fields(value))[2]
        elif number == 14:
            key, text = (v.decode() for _, v in fields(value))
            contents.metadata[key] = text
        elif number == 7:
            for part, body in fields(value):
                if part == 1:
                    named = dict((n, v) for n, v in fields(body) if n in (3, 4))
                    contents.nodes.append((named[4].decode(), named[3].decode()))
                elif part == 5:
                    name, array = tensor(body)
                    contents.constants[name] = array
    return contents


def float_layers(path):
    c = load(path).constants
    return [Layer(name, kind, c[name + ".weight"], c[name + ".bias"], stride, kind != "gemm")
            for name, kind, _, _, _, stride in PLAN]


def quantized_layers(path):
    c = load(path).constants
    out, x_scale = [], c["image_scale"]
    for name, kind, _, _, _, stride in PLAN:
        if kind == "gemm":
            x_scale = c["average_out_scale"]
        y = "logits" if kind == "gemm" else name + "_out"
        out.append(QuantizedLayer(name, kind, c[name + ".weight_quantized"], c[name + ".weight_scale"],
                                  c[name + ".bias_quantized"], stride, kind != "gemm", np.float32(x_scale),
                                  np.float32(c[y + "_scale"]), int(c[y + "_zero_point"])))
        x_scale = c[y + "_scale"]
    return out
