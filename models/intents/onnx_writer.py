"""Writes the two ONNX files of the intent model. Deterministic: the same weights give the same bytes.

The int8 model is laid out as onnxruntime's quantize_dynamic does: Gather of int8 and DequantizeLinear for the embedding;
DynamicQuantizeLinear, MatMulInteger, Cast and two Mul for each product.
"""
import json

import numpy as np

from common.onnx_graph import FLOAT, INT64, Graph

INT_MAX = 2**63 - 1


def model(w, labels, version, longest, quantized=None):
    """`quantized`: what quantize.quantize() gives; without it the float model."""
    g = Graph("intents" + ("_int8" if quantized else ""))
    layer = dynamic_layer if quantized else float_layer
    integers = lambda name, *values: g.constant(name, np.array(values, np.int64))  # noqa: E731
    g.node("Cast", ["attention_mask"], "mask_flat", "mask_cast", to=FLOAT)
    mask = g.node("Unsqueeze", ["mask_flat", integers("two", 2)], "mask", "mask_unsqueeze")
    x = embedding(g, w, quantized)
    x = g.node("Mul", [x, mask], "embedded", "embedding_mask")
    wide = g.node("Pad", [x, integers("pads", 0, 1, 0, 0, 1, 0)], "wide", "windows_pad")
    axis = integers("one", 1)
    parts = [g.node("Slice", [wide, integers(f"start_{i}", i), integers(f"end_{i}", end), axis], f"window_{i}", f"windows_slice_{i}")
             for i, end in enumerate((-2, -1, INT_MAX))]
    x = g.node("Concat", parts, "windows_in", "windows_concat", axis=2)
    x = g.node("Relu", [layer(g, x, w, quantized, "windows")], "windows_out", "windows_relu")
    x = g.node("Mul", [x, mask], "windows_masked", "windows_mask")
    x = g.node("ReduceMax", [x], "pooled", "pool", axes=[1], keepdims=0)
    x = g.node("Relu", [layer(g, x, w, quantized, "hidden")], "hidden_out", "hidden_relu")
    g.node("Softmax", [layer(g, x, w, quantized, "labels")], "probabilities", "softmax", axis=1)
    kind = "int8, quantized dynamically" if quantized else "float32"
    return g.model(f"Intents of messages to customer support, English; {kind}.", version,
                   [(name, ["batch", "length"], INT64) for name in ("input_ids", "attention_mask")],
                   [("probabilities", ["batch", len(labels)])], {
        "author": "the insitu project",
        "insitu.input": f"input_ids, attention_mask: int64 [batch, length], by tokenizer.json, at most {longest} tokens a text",
        "labels": json.dumps(labels),
        "licence": "Apache-2.0",
        "version": version,
    })


def embedding(g, w, quantized):
    if not quantized:
        return g.node("Gather", [g.constant("embedding", w["embedding"]), "input_ids"], "gathered", "embedding_gather")
    values, scale = quantized["embedding"]
    rows = g.node("Gather", [g.constant("embedding_quantized", values), "input_ids"], "gathered_quantized", "embedding_gather")
    feeds = [rows, g.constant("embedding_scale", scale), g.constant("embedding_zero_point", np.int8(0))]
    return g.node("DequantizeLinear", feeds, "gathered", "embedding_DequantizeLinear")


def biased(g, product, w, name):
    return g.node("Add", [product, g.constant(name + ".bias", w[name + ".bias"])], name + "_sum", name + "_add")


def float_layer(g, x, w, _, name):
    feeds = [x, g.constant(name + ".weight", w[name + ".weight"])]
    return biased(g, g.node("MatMul", feeds, name + "_product", name), w, name)


def dynamic_layer(g, x, w, quantized, name):
    weight, scale = quantized[name + ".weight"]
    x, x_scale, x_zero = g.node("DynamicQuantizeLinear", [x], [f"{name}_in_{part}" for part in ("quantized", "scale", "zero_point")],
                                name + "_DynamicQuantizeLinear")
    feeds = [x, g.constant(name + ".weight_quantized", weight), x_zero,
             g.constant(name + ".weight_zero_point", np.zeros(len(scale), np.int8))]
    g.node("MatMulInteger", feeds, name + "_integers", name)
    g.node("Cast", [name + "_integers"], name + "_cast", name + "_cast", to=FLOAT)
    g.node("Mul", [x_scale, g.constant(name + ".weight_scale", scale)], name + "_scale", name + "_scales")
    return biased(g, g.node("Mul", [name + "_cast", name + "_scale"], name + "_product", name + "_scaled"), w, name)
