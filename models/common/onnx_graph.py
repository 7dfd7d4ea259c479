"""Writes an ONNX file field by field in the protobuf wire format (no onnx package needed).

Field numbers are those of onnx.proto (ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto).
Deterministic: the same calls give the same bytes. Opset 17, IR version 8.
"""
import struct

import numpy as np

FLOAT, UINT8, INT8, INT32, INT64 = 1, 2, 3, 6, 7
TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.uint8): UINT8, np.dtype(np.int8): INT8, np.dtype(np.int32): INT32,
         np.dtype(np.int64): INT64}


def varint(value):
    value &= 2**64 - 1
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


def value_info(name, dims, dtype=FLOAT):
    shape = b"".join(data(1, data(2, d) if isinstance(d, str) else number(1, d)) for d in dims)
    return data(1, name) + data(2, data(1, number(1, dtype) + data(2, shape)))


class Graph:
    def __init__(self, name):
        self.name = name
        self.nodes, self.constants = [], []

    def constant(self, name, array):
        self.constants.append(tensor(name, array))
        return name

    def node(self, op, inputs, output, name, **attributes):
        """`output`: a name, or a list of them; given back as it came."""
        outputs = [output] if isinstance(output, str) else output
        body = b"".join(data(1, i) for i in inputs) + b"".join(data(2, o) for o in outputs) + data(3, name) + data(4, op)
        body += b"".join(attribute(k, v) for k, v in sorted(attributes.items()))
        self.nodes.append(body)
        return output

    def model(self, description, version, inputs, outputs, metadata):
        """`inputs`, `outputs`: lists of (name, dims) or (name, dims, type); `metadata`: strings by key."""
        graph = b"".join(data(1, n) for n in self.nodes) + data(2, self.name)
        graph += b"".join(data(5, c) for c in self.constants) + data(10, description)
        graph += b"".join(data(11, value_info(*i)) for i in inputs) + b"".join(data(12, value_info(*o)) for o in outputs)
        out = number(1, 8) + data(2, "insitu-models") + data(3, version)
        out += data(6, description) + data(7, graph) + data(8, data(1, "") + number(2, 17))
        return out + b"".join(data(14, data(1, k) + data(2, v)) for k, v in sorted(metadata.items()))
