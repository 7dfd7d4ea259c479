"""Tests of the handwriting model's Python side: python3 -m unittest discover tests/models (numpy and node; no torch).

Generator and rasterizer, the committed files against manifest and fixtures, and the detector's own claims.
"""
import hashlib
import json
import sys
import unittest
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
MODELS = HERE.parents[1] / "models"
sys.path[:0] = [str(HERE), str(MODELS / "handwriting")]

import drift  # noqa: E402
import layers  # noqa: E402
import onnx_reader  # noqa: E402
import onnx_writer  # noqa: E402
import quantize  # noqa: E402
import train  # noqa: E402
from make_fixtures import second_images  # noqa: E402
from features import NAMES, features  # noqa: E402
from raster import rasterize, rasterize_all  # noqa: E402
from strokes import FORMS, REJECT, Writer, sheet  # noqa: E402

INT8 = MODELS / "handwriting" / train.INT8
FLOAT = MODELS / "handwriting" / train.FLOAT
PROFILE = json.loads((MODELS / "handwriting" / train.PROFILE).read_text())


def fixture(name):
    return json.loads((HERE / "fixtures" / name).read_text())


def expected_images():
    rows = fixture("expected.json")
    cells = np.array([row["cells400"] for row in rows], dtype=np.float64) / 400
    return rows, cells.astype(np.float32).reshape(-1, 1, 28, 28)


class Generator(unittest.TestCase):
    def test_a_seed_gives_the_same_drawings_and_another_seed_others(self):
        first, again, other = (sheet(seed, 3, 12, 0.25) for seed in (7, 7, 8))
        self.assertTrue(np.array_equal(rasterize_all(first[0], first[2]), rasterize_all(again[0], again[2])))
        self.assertTrue(np.array_equal(first[1], again[1]))
        self.assertFalse(np.array_equal(rasterize_all(first[0], first[2]), rasterize_all(other[0], other[2])))

    def test_every_form_and_every_reject_stays_on_the_canvas(self):
        for seed in range(6):
            writer = Writer(seed)
            drawings = [writer.draw(label) for label in list(range(11)) * 3]
            for digit, forms in FORMS.items():
                drawings += [writer.place(writer.shape(skeleton)) for _, skeleton in forms]
            for strokes in drawings:
                for points in strokes:
                    self.assertEqual(points.shape[1], 2)
                    self.assertTrue(np.all(np.isfinite(points)) and points.min() >= 0 and points.max() <= 1)

    def test_digits_have_the_promised_height(self):
        for seed in range(20):
            writer = Writer(seed)
            for digit in range(2, 10):
                y = np.concatenate(writer.draw(digit))[:, 1]
                self.assertTrue(0.2 < np.ptp(y) + writer.pen < 1, (seed, digit))

    def test_a_sheet_has_the_wanted_mix(self):
        _, labels, pens, owners = sheet(1, 4, 40, 0.25, (18.0, 18.0))
        self.assertEqual(np.count_nonzero(labels == REJECT), 40)
        self.assertEqual(np.bincount(owners).tolist(), [40] * 4)
        self.assertTrue(np.allclose(pens, 18 / 280))


class Rasterizer(unittest.TestCase):
    def test_a_dot_is_a_disc(self):
        image = rasterize([np.array([[0.52, 0.47]])], 40 / 280)
        self.assertAlmostEqual(float(image.sum()) / 784, np.pi * (20 / 280) ** 2, delta=1e-4)

    def test_a_line_is_a_capsule_and_its_pieces_do_not_add_up(self):
        line = np.array([[0.2, 0.3], [0.8, 0.55]])
        length, pen = float(np.hypot(*(line[1] - line[0]))), 18 / 280
        area = length * pen + np.pi * pen**2 / 4
        once = rasterize([line], pen)
        self.assertAlmostEqual(float(once.sum()) / 784, area, delta=2e-4)
        dense = np.stack([np.interp(np.linspace(0, 1, 200), [0, 1], line[:, i]) for i in (0, 1)], axis=1)
        self.assertLess(np.abs(rasterize([dense, line, line[::-1]], pen) - once).max(), 2e-3)

    def test_coverage_equals_fine_sampling(self):
        strokes = Writer(3).draw(8)
        fine = 28 * 24
        grid = (np.arange(fine) + 0.5) / fine
        x, y = np.meshgrid(grid, grid)
        ink = np.zeros((fine, fine), dtype=bool)
        for points in strokes:
            for (ax, ay), (bx, by) in zip(points[:-1], points[1:]):
                square = max((bx - ax) ** 2 + (by - ay) ** 2, 1e-12)
                t = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / square, 0, 1)
                ink |= np.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay)) <= 9 / 280
        exact = ink.reshape(28, 24, 28, 24).mean(axis=(1, 3))
        self.assertLess(np.abs(rasterize(strokes, 18 / 280) - exact).max(), 0.03)

    def test_nothing_is_drawn_for_nothing_and_outside(self):
        self.assertEqual(rasterize([], 0.1).max(), 0)
        self.assertEqual(rasterize([np.array([[3.0, 3.0], [4.0, 4.0]])], 0.1).max(), 0)


class Files(unittest.TestCase):
    def test_manifest_tells_the_truth(self):
        rows = [row for row in json.loads((MODELS / "manifest.json").read_text())["files"]
                if row["file"].startswith("handwriting/")]
        self.assertEqual({Path(row["file"]).name for row in rows}, {train.FLOAT, train.INT8, train.PROFILE})
        for row in rows:
            data = (MODELS / row["file"]).read_bytes()
            self.assertEqual((len(data), hashlib.sha256(data).hexdigest()), (row["bytes"], row["sha256"]), row["file"])
            self.assertEqual(row["licence"], "Apache-2.0")
        self.assertLess(sum(row["bytes"] for row in rows), 300_000)

    def test_writing_what_was_read_gives_the_same_bytes(self):
        version = onnx_reader.load(INT8).metadata["version"]
        self.assertEqual(onnx_writer.float_model(onnx_reader.float_layers(FLOAT), version), FLOAT.read_bytes())
        self.assertEqual(onnx_writer.quantized_model(onnx_reader.quantized_layers(INT8), version), INT8.read_bytes())

    def test_models_say_what_they_are(self):
        for path in (INT8, FLOAT):
            model = onnx_reader.load(path)
            self.assertEqual((model.ir_version, model.opset), (8, 17))
            self.assertEqual(json.loads(model.metadata["labels"]), layers.LABELS)
            self.assertEqual(model.metadata["licence"], "Apache-2.0")
            self.assertIn("28x28", model.metadata["insitu.input"])
            self.assertEqual(model.nodes[-1], ("Softmax", "softmax"))

    def test_profile_has_the_format(self):
        self.assertEqual((PROFILE["format"], PROFILE["version"]), ("insitu-profile", 1))
        self.assertEqual(PROFILE["model"]["sha256"], hashlib.sha256(INT8.read_bytes()).hexdigest())
        self.assertGreaterEqual(PROFILE["count"], 20_000)
        self.assertEqual([row["name"] for row in PROFILE["features"]], NAMES)
        for row in PROFILE["features"]:
            knots = np.array(row["knots"])
            self.assertEqual(len(knots), 256)
            self.assertTrue(np.all(np.diff(knots) >= 0) and knots[0] <= row["mean"] <= knots[-1], row["name"])
            self.assertTrue(0 < row["tolerance"]["tail"] < row["tolerance"]["share"] <= 1, row["name"])


class Numbers(unittest.TestCase):
    def test_int8_gives_the_expected_outputs(self):
        rows, images = expected_images()
        qlayers = onnx_reader.quantized_layers(INT8)
        self.assertEqual(quantize.run_logits(qlayers, images).tolist(), [row["logits"] for row in rows])
        probabilities = quantize.run(qlayers, images)
        np.testing.assert_allclose(probabilities, [row["probabilities"] for row in rows], rtol=1e-5, atol=1e-7)
        found = features(images, probabilities)
        wanted = [[row["features"][name] for name in NAMES] for row in rows]
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)

    def test_the_second_generator_is_read(self):
        images, digits = second_images(25, 10, 18, 9001)
        found = quantize.run(onnx_reader.quantized_layers(INT8), images).argmax(axis=1)
        self.assertGreaterEqual(np.mean(found == digits), 0.95)

    def test_int8_and_float_agree_with_the_labels(self):
        rows, images = expected_images()
        digits = [fixture("drawings.json")[row["drawing"]]["digit"] for row in rows]
        self.assertEqual(layers.forward(onnx_reader.float_layers(FLOAT), images).argmax(axis=1).tolist(), digits)
        self.assertEqual(np.argmax([row["logits"] for row in rows], axis=1).tolist(), digits)

    def test_integer_sums_are_exact_in_float32(self):
        for q in onnx_reader.quantized_layers(INT8):
            largest = np.abs(q.weight.reshape(len(q.weight), -1).astype(np.int64)).sum(axis=1).max() * 255
            self.assertLess(largest, 2**24, q.name)

    def test_tidy_rounds_up_to_four_digits(self):
        self.assertEqual(quantize.tidy(0.0123401), np.float32(0.01235))
        self.assertGreaterEqual(quantize.tidy(7.77777), np.float32(7.777))


class Watch(unittest.TestCase):
    def test_bets_are_positive_and_fair(self):
        for share in (0.05, 0.2, 1.0):
            for z, chance in ((0, 1 - share), (1, share)):
                self.assertTrue(np.all(1 + drift.GAINS * (z / share - 1) > 0) or chance == 0)
            mean = (1 - share) * (1 - drift.GAINS) + share * (1 + drift.GAINS * (1 / share - 1))
            np.testing.assert_allclose(mean, 1)

    def test_tail_shares_equal_simulation(self):
        rng = np.random.default_rng(1)
        knots = drift.knots_of(np.round(rng.normal(0, 1, 5000), 1) + 0.05)
        values = np.round(rng.normal(0.3, 1, 300), 1) + 0.05
        low, high = drift.chance_beyond(knots, values, 0.02)
        p = np.array([drift.ranks(knots, values, rng.random(len(values))) for _ in range(4000)])
        self.assertTrue(np.all((p > 0) & (p < 1)))
        self.assertTrue(np.all((p <= 0.02).mean(axis=0) <= low + 0.04))
        self.assertTrue(np.all((p >= 0.98).mean(axis=0) <= high + 0.04))

    def test_calm_on_one_hand_and_awake_when_the_pen_or_the_colours_change(self):
        qlayers = onnx_reader.quantized_layers(INT8)

        def first(pen, turn):
            drawings, _, pens, _ = sheet(77_000, 6, 50, pens=(pen, pen))
            images = turn(rasterize_all(drawings, pens))
            streams = features(images, quantize.run(qlayers, images)).reshape(6, 50, -1)
            return drift.Detector(PROFILE, 1000, 6, 3).first_alarm(streams)

        self.assertEqual(np.count_nonzero(first(18.0, lambda x: x)), 0)
        for changed in (first(36.0, lambda x: x), first(18.0, lambda x: 1 - x)):
            # A small hand with a thick pen looks like a large hand, so one of the six may stay unnoticed.
            self.assertGreaterEqual(np.count_nonzero(changed), 5)
            self.assertLessEqual(np.median(np.where(changed > 0, changed, 51)), 25)


if __name__ == "__main__":
    unittest.main()
