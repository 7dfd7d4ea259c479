#!/usr/bin/env python3
"""Writes fixtures/ from the second generator and the committed int8 model (needs numpy and node).

drawings.json: 24 drawings, [{"digit", "hand", "strokes": [[[x, y], ...], ...]}], points in units of the canvas side.
expected.json: for the first 8 of them (pen 18/280): the input as counts of 1/400, row by row; the bytes in front of
the softmax; the probabilities; the features of the watch.
"""
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
MODEL = HERE.parents[1] / "models" / "handwriting"
sys.path.insert(0, str(MODEL))

import onnx_reader  # noqa: E402
import quantize  # noqa: E402
from features import NAMES, features  # noqa: E402

HANDS, EXPECTED, FIRST_SEED = 24, 8, 519


def second(what, hands, per_hand, *rest):
    command = ["node", str(HERE / "dump-second-generator.mjs"), what, str(hands), str(per_hand), *map(str, rest)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def second_images(hands, per_hand, pen, first_seed):
    """float32 [n, 1, 28, 28] and labels uint8 [n]."""
    data = np.frombuffer(second("images", hands, per_hand, pen, first_seed), dtype=np.uint8)
    count = hands * per_hand
    return data[:count * 3136].view("<f4").reshape(count, 1, 28, 28), data[count * 3136:]


def main():
    drawings = json.loads(second("strokes", HANDS, 1, FIRST_SEED))
    images, _ = second_images(EXPECTED, 1, 18, FIRST_SEED)
    qlayers = onnx_reader.quantized_layers(MODEL / "handwriting_int8.onnx")
    logits, probabilities = quantize.run_logits(qlayers, images), quantize.run(qlayers, images)
    rows = []
    for i, values in enumerate(features(images, probabilities)):
        rows.append({
            "drawing": i,
            "cells400": np.rint(images[i].ravel() * 400).astype(int).tolist(),
            "logits": logits[i].tolist(),
            "probabilities": [float(f"{p:.7g}") for p in probabilities[i]],
            "features": {name: float(f"{v:.9g}") for name, v in zip(NAMES, values)},
        })
    for name, value in (("drawings.json", drawings), ("expected.json", rows)):
        lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in value)
        (HERE / "fixtures" / name).write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
