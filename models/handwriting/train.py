#!/usr/bin/env python3
"""Trains the handwriting model and writes all its files. One command, one core, about six minutes.

  /usr/bin/python3 models/handwriting/train.py                 train, quantize, profile, manifest
  /usr/bin/python3 models/handwriting/train.py --requantize    the same from the committed float twin, without torch
  /usr/bin/python3 models/handwriting/train.py --out DIR       write there, and leave manifest.json alone

Seeds are fixed and every step runs on one thread: the same machine gives the same bytes. See card.md.
"""
import argparse
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from common.manifest import record, sha256  # noqa: E402
from common.steady import steady  # noqa: E402

VERSION = "1.0.0"
FLOAT, INT8, PROFILE = "handwriting_fp32.onnx", "handwriting_int8.onnx", "handwriting.profile.json"
TRAINING = dict(first_seed=100_000, writers=2000, per_writer=40, reject_share=0.25)
CALIBRATION = dict(first_seed=500_000, writers=150, per_writer=40, reject_share=0.1)
# The demo's pen is 18 px wide; the profile allows a little about it, the network far more.
REFERENCE = dict(first_seed=2_000_000, writers=600, per_writer=100, pens=(17.0, 19.0))
TRAINING_SEED = 1
# 0.0039 is just over 1/257: beyond everything in the profile. The confidence may be watched less far out, since it
# hardly depends on the hand; the share of solid ink needs it, to notice a thicker pen in a small hand.
TAILS = {"image.mean": 0.0039, "image.spread": 0.0039, "image.min": 0.0039, "image.max": 0.0039,
         "image.zero_share": 0.0039, "image.saturation_share": 0.006, "image.centre_x": 0.02, "image.centre_y": 0.02,
         "image.border": 0.03,
         "probabilities.top": 0.01, "probabilities.entropy": 0.01, "probabilities.margin": 0.01,
         "probabilities.class": 0.0039}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--requantize", action="store_true", help="start from the committed float twin")
    args = parser.parse_args()
    steady()
    started = time.time()

    def log(text):
        print(f"[{time.time() - started:5.0f} s] {text}", flush=True)

    import drift
    import onnx_reader
    import onnx_writer
    import quantize
    from features import features
    from raster import rasterize_all
    from strokes import sheet

    def data(**wanted):
        drawings, labels, pens, owners = sheet(**wanted)
        return rasterize_all(drawings, pens), labels, owners

    args.out.mkdir(parents=True, exist_ok=True)
    if args.requantize:
        layers = onnx_reader.float_layers(HERE / FLOAT)
    else:
        try:
            import network
        except ModuleNotFoundError as error:
            sys.exit(f"{error}: on Debian, apt install python3-torch and run this with /usr/bin/python3")
        images, labels, _ = data(**TRAINING)
        log(f"{len(images)} drawings to train on")
        layers = network.train(images, labels, TRAINING_SEED, log)
    (args.out / FLOAT).write_bytes(onnx_writer.float_model(layers, VERSION))

    qlayers = quantize.quantize(layers, data(**CALIBRATION)[0])
    (args.out / INT8).write_bytes(onnx_writer.quantized_model(qlayers, VERSION))
    log("quantized")

    images, _, owners = data(**REFERENCE)
    table = features(images, quantize.run(qlayers, images))
    profile = drift.profile_of(table, owners, sha256(args.out / INT8), TAILS)
    (args.out / PROFILE).write_text(drift.to_json(profile))
    log(f"profile of {len(images)} drawings by {REFERENCE['writers']} writers")

    if args.out.resolve() == HERE:
        record("handwriting", [FLOAT, INT8, PROFILE])


if __name__ == "__main__":
    main()
