#!/usr/bin/env python3
"""Quantizes a float model with onnxruntime's own tool (Debian 13: python3-onnxruntime, python3-onnx).

  python3 onnxruntime_static.py FOLDER

FOLDER has float.onnx and, by figures.mjs, calibration.json ([{ name, dtype, dims: those of each sample }]) with NAME.bin for each input: its samples, one
after the other. Writes onnxruntime.onnx there, in the form that insitu writes by default: QDQ, uint8 activations over the whole range
that was seen, int8 weights by channel (by tensor, where the tool fails at that).
"""
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx.reference  # noqa: F401  before onnxruntime: both register types of the same names
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


class Samples(CalibrationDataReader):
    def __init__(self, folder):
        inputs = json.loads((folder / "calibration.json").read_text())
        by_input = [list(self.arrays(folder, **one)) for one in inputs]
        names = [one["name"] for one in inputs]
        self.feeds = (dict(zip(names, sample)) for sample in zip(*by_input))

    @staticmethod
    def arrays(folder, name, dtype, dims):
        numbers, at = np.fromfile(folder / f"{name}.bin", dtype), 0
        for extents in dims:
            size = int(np.prod(extents))
            yield numbers[at:at + size].reshape(extents)
            at += size

    def get_next(self):
        return next(self.feeds, None)


def main():
    folder = Path(sys.argv[1])
    prepared = str(folder / "prepared.onnx")
    quant_pre_process(str(folder / "float.onnx"), prepared)
    for per_channel in (True, False):
        try:
            quantize_static(
                prepared, str(folder / "onnxruntime.onnx"), Samples(folder), quant_format=QuantFormat.QDQ, per_channel=per_channel,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax)
            break
        except ValueError:  # of version 1.21, for biases with several axes
            if not per_channel:
                raise
    print(f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}, weights by {'channel' if per_channel else 'tensor'}")


if __name__ == "__main__":
    main()
