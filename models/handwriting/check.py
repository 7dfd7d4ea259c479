#!/usr/bin/env python3
"""Measures the committed models and their profile, and writes the figures into card.md between its markers.

  /usr/bin/python3 models/handwriting/check.py            everything (numpy and node; no torch)
  /usr/bin/python3 models/handwriting/check.py --quick    fewer drawings, card.md stays as it is

Writers here have seeds that neither training nor the profile used.
"""
import argparse
import json
import sys
from pathlib import Path

import numpy as np

from train import FLOAT, HERE, INT8, PROFILE, steady

EVERY = 1000            # falseAlarmEvery of the demo
sys.path.insert(0, str(HERE.parents[1] / "tests" / "models"))


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(c) for c in line) + " |" for line in lines)


def percent(hits):
    return f"{100 * np.mean(hits):.2f} %" if len(hits) else "-"


def same(images):
    return images


def shifted(pixels):
    """Moves [..., height, width] down and to the right; what comes in is empty."""
    def shift(images):
        moved = np.zeros_like(images)
        moved[..., pixels:, pixels:] = images[..., :-pixels, :-pixels]
        return moved
    return shift


class Check:
    def __init__(self, scale):
        import onnx_reader
        self.scale = scale
        self.layers = onnx_reader.float_layers(HERE / FLOAT)
        self.qlayers = onnx_reader.quantized_layers(HERE / INT8)
        self.profile = json.loads((HERE / PROFILE).read_text())

    def accuracy(self):
        from layers import LABELS, forward
        from make_fixtures import second_images
        from quantize import run
        from raster import rasterize_all
        from strokes import sheet
        drawings, labels, pens, _ = sheet(900_000, max(4, int(200 * self.scale)), 40, 0.25)
        own = rasterize_all(drawings, pens)
        other, digits = second_images(max(4, int(100 * self.scale)), 40, 18, 1)
        columns = []
        for images, truth in ((own, labels), (other, digits)):
            for model in (forward(self.layers, images), run(self.qlayers, images)):
                hit = model.argmax(axis=1) == truth
                columns.append([percent(hit[truth == c]) for c in range(len(LABELS))] + [f"**{percent(hit)}**"])
        rows = zip(LABELS + [f"all ({len(own)}; {len(other)})"], *columns)
        return table(["class", "fp32, held-out writers", "int8, held-out writers", "fp32, second generator",
                      "int8, second generator"], rows)

    def watch(self, images):
        from features import features
        from quantize import run
        return features(images, run(self.qlayers, images))

    def alarms(self, streams, seed):
        from drift import Detector
        return Detector(self.profile, EVERY, len(streams), seed).first_alarm(streams)

    def calm(self):
        """False alarms of single hands: streams of the first and of the second generator."""
        from drift import Detector
        from make_fixtures import second_images
        from raster import rasterize_all
        from strokes import sheet
        writers, length, rows = max(10, int(200 * self.scale)), max(100, int(1000 * self.scale)), []
        drawings, _, pens, _ = sheet(3_000_000, writers, length, pens=(18.0, 18.0))
        streams = self.watch(rasterize_all(drawings, pens)).reshape(writers, length, -1)
        detector, counts, level = Detector(self.profile, EVERY, writers, 1), np.zeros(writers, int), 0.0
        for t in range(length):
            hit = detector.update(streams[:, t])
            level = max(level, float(detector.level().max()))
            counts += hit
            detector.bets[hit] = 0
        rows.append([f"{writers} writers of the first generator, {length} digits each", int(counts.sum()),
                     f"{int(counts.max())} from the worst writer; {np.count_nonzero(counts)} writers with any"])
        hands, length = max(5, int(20 * self.scale)), 300
        images, _ = second_images(hands, length, 18, 7001)
        first = self.alarms(self.watch(images).reshape(hands, length, -1), 2)
        rows.append([f"{hands} hands of the second generator, {length} digits each", np.count_nonzero(first),
                     "one alarm a hand is counted"])
        return table(["stream", "false alarms", "remark"], rows)

    def drifts(self):
        """Drawings until the alarm, for hands that change what they do."""
        from raster import rasterize
        from strokes import Writer
        writers, length = max(10, int(100 * self.scale)), 60
        any_digit = lambda w: w.draw(int(w.rng.integers(10)))  # noqa: E731
        cases = [
            ("a pen twice as thick (36 px)", any_digit, 36, same), ("a pen half as thick (9 px)", any_digit, 9, same),
            ("inverted colours", any_digit, 18, lambda images: 1 - images),
            ("a canvas shifted by a quarter", any_digit, 18, shifted(7)),
            ("a canvas shifted by an eighth", any_digit, 18, shifted(4)),
            ("scribbles and hatching", Writer.scrawl, 18, same),
            ("letters", Writer.letter, 18, same), ("shapes and signs", Writer.figure, 18, same),
            ("only zeros", lambda w: w.draw(0), 18, same), ("only ones", lambda w: w.draw(1), 18, same),
            ("only eights", lambda w: w.draw(8), 18, same), ("digits, as a control", any_digit, 18, same),
        ]
        rows = []
        for n, (name, draw, pen, change) in enumerate(cases):
            images = np.array([[rasterize(draw(w), pen / 280) for _ in range(length)]
                               for w in (Writer(6_000_000 + i, (pen, pen)) for i in range(writers))])
            images = change(images)
            first = self.alarms(self.watch(images.reshape(-1, 1, 28, 28)).reshape(writers, length, -1), 10 + n)
            late = np.where(first > 0, first, length + 1)
            show = lambda v: f"{v:.0f}" if v <= length else f"over {length}"  # noqa: E731
            rows.append([name, show(np.median(late)), show(np.quantile(late, 0.9)),
                         f"{np.count_nonzero(first)} of {writers}"])
        return table(["what changes", "median", "90 %", f"hands that alarmed within {length}"], rows)

    def tolerances(self):
        rows = [[f["name"], f["mean"], f["std"], f["tolerance"]["tail"], f["tolerance"]["share"]]
                for f in self.profile["features"]]
        return table(["feature", "mean", "std", "tail", "share"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", help="one of: accuracy, calm, drifts, tolerances")
    args = parser.parse_args()
    steady()
    check = Check(0.1 if args.quick else 1.0)
    card = HERE / "card.md"
    for part in [args.only] if args.only else ["accuracy", "tolerances", "drifts", "calm"]:
        text = getattr(check, part)()
        print(text, flush=True)
        if not args.quick:
            start, end = f"<!-- {part} -->\n", f"<!-- /{part} -->"
            before, rest = card.read_text().split(start)
            card.write_text(before + start + text + "\n" + end + rest.split(end)[1])


if __name__ == "__main__":
    main()
