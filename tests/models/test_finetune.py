"""Tests of fine-tuning on corrections: python3 -m unittest discover tests/models (numpy alone)."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
MODELS = HERE.parents[1] / "models"
sys.path[:0] = [str(HERE), str(MODELS / "handwriting")]

import backprop  # noqa: E402
import corrections  # noqa: E402
import finetune  # noqa: E402
import layers  # noqa: E402
import onnx_reader  # noqa: E402
import onnx_writer  # noqa: E402
from raster import rasterize_all  # noqa: E402
from strokes import sheet  # noqa: E402

FLOAT = MODELS / "handwriting" / finetune.FLOAT


def drawn(first_seed, writers, lean=0.0):
    drawings, labels, pens, _ = sheet(first_seed, writers, 40, 0.25 if lean == 0 else 0)
    drawings = [[np.stack([0.5 + 0.8 * (s[:, 0] - 0.5 + lean * (s[:, 1] - 0.5)), 0.5 + 0.8 * (s[:, 1] - 0.5)], axis=1) if lean else s
                 for s in strokes] for strokes in drawings]
    return rasterize_all(drawings, pens), labels


class Gradients(unittest.TestCase):
    def setUp(self):
        self.layers = onnx_reader.float_layers(FLOAT)
        self.images, labels = drawn(42, 1)
        self.images, self.targets = self.images[:6], np.eye(11, dtype=np.float32)[labels[:6]]

    def test_logits_are_those_of_the_network(self):
        found = layers.softmax(backprop.logits(self.layers, self.images))
        np.testing.assert_allclose(found, layers.forward(self.layers, self.images), rtol=1e-4, atol=1e-7)

    def test_gradients_are_the_slopes_of_the_loss(self):
        in_double = [layers.Layer(x.name, x.kind, x.weight.astype(np.float64), x.bias.astype(np.float64), x.stride, x.relu)
                     for x in self.layers]
        images = self.images.astype(np.float64)

        def loss():
            z = backprop.logits(in_double, images)
            z = z - z.max(axis=1, keepdims=True)
            return float((np.log(np.exp(z).sum(axis=1)) - (z * self.targets).sum(axis=1)).mean())

        _, found = backprop.gradients(in_double, images, self.targets)
        rng = np.random.default_rng(1)
        for layer, pair in zip(in_double, found):
            for numbers, gradient in zip((layer.weight, layer.bias), pair):
                self.assertEqual(numbers.shape, gradient.shape, layer.name)
                direction = rng.normal(0, 1, numbers.shape)
                kept, step = numbers.copy(), 1e-6
                numbers += step * direction
                above = loss()
                numbers -= 2 * step * direction
                slope = (above - loss()) / (2 * step)
                numbers[...] = kept
                self.assertAlmostEqual(slope, float((gradient * direction).sum()), delta=1e-4 + 2e-3 * abs(slope), msg=layer.name)


class Corrections(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def lines(self, *rows):
        path = self.folder / "corrections.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return path

    def test_lines_and_stacks_say_the_same_and_the_latest_label_holds(self):
        images = (np.arange(3 * 784) % 11 / 11).reshape(3, 1, 28, 28).astype(np.float32)
        images[2] = images[0]
        images = np.concatenate([images, images + 0.125, images + 0.25])
        rows = [{"feeds": {"image": {"dims": [1, 1, 28, 28], "data": image.ravel().tolist()}}, "label": label, "name": "x"}
                for image, label in zip(images, (3, "reject", 8, 0, 1, 2, 4, 5, 6))]
        rows[1]["feeds"]["image"] = images[1].tolist()
        found, labels = corrections.read(self.lines(*rows))
        self.assertEqual(labels.tolist(), [8, 10, 2, 1, 6, 5])
        self.assertTrue(np.array_equal(found, images[[0, 1, 3, 4, 6, 7]]))
        np.save(self.folder / "image.npy", images)
        np.save(self.folder / "labels.npy", np.array([3, 10, 8, 0, 1, 2, 4, 5, 6]))
        again, labels = corrections.read(self.folder)
        self.assertTrue(np.array_equal(again, found) and labels.tolist() == [8, 10, 2, 1, 6, 5])

    def test_what_is_wrong_is_refused_by_its_line(self):
        good = {"feeds": {"image": [0.0] * 784}, "label": 1}
        for bad, says in (({"feeds": {}, "label": 1}, "image"), ({**good, "label": 11}, "11"), ({**good, "label": True}, "True"),
                          ({**good, "label": 1.5}, "1.5"), ({"feeds": {"image": [0.0] * 783}, "label": 1}, "783"),
                          ({"feeds": {"image": [None] * 784}, "label": 1}, "finite")):
            with self.assertRaisesRegex(corrections.Refused, f"jsonl:2.*{says}"):
                corrections.read(self.lines(good, bad))
        with self.assertRaisesRegex(corrections.Refused, "1 different"):
            corrections.read(self.lines(good, good))

    def test_parts_are_disjoint_and_all(self):
        for count in (5, 9, 360):
            train, held = corrections.parts(count, 1)
            self.assertEqual(sorted([*train, *held]), list(range(count)))
            self.assertEqual(len(held), count // 5)

    def test_the_digest_of_a_folder_is_that_of_sha256sum(self):
        (self.folder / "b").mkdir()
        for name in ("b/1", "b.2", "a"):
            (self.folder / name).write_text(name)
        command = "find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum"
        listed = subprocess.run(["sh", "-c", command], cwd=self.folder, capture_output=True, text=True, check=True).stdout[:64]
        self.assertEqual(corrections.digest(self.folder), listed)


class Tuning(unittest.TestCase):
    def test_moved_images_are_where_they_were_moved(self):
        image = np.zeros((1, 1, 28, 28), dtype=np.float32)
        image[0, 0, 5, 27] = 1
        self.assertEqual(np.argwhere(finetune.moved(image, [(2, -1)])[0, 0]).tolist(), [[7, 26]])
        self.assertEqual(finetune.moved(image, [(0, 1)]).sum(), 0)

    def test_it_learns_and_forgets_little_and_gives_the_same_again(self):
        leaning, replay = drawn(70_000, 6, lean=1.0), drawn(71_000, 30)
        unseen, clean = drawn(72_000, 6, lean=1.0), drawn(73_000, 10)
        before, first, again = (onnx_reader.float_layers(FLOAT) for _ in range(3))
        for tuned in (first, again):
            finetune.tune(tuned, leaning, replay, lambda text: None, epochs=1)
        self.assertEqual(onnx_writer.float_model(first, "1"), onnx_writer.float_model(again, "1"))
        self.assertGreater(finetune.accuracy(first, *unseen), finetune.accuracy(before, *unseen) + 0.2)
        self.assertGreater(finetune.accuracy(first, *clean), finetune.accuracy(before, *clean) - 0.05)

    def test_the_file_says_what_it_comes_from(self):
        model = onnx_writer.float_model(onnx_reader.float_layers(FLOAT), "1.1.0", {"parent_sha256": "ab", "data": "7 corrections"})
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
            Path(file.name).write_bytes(model)
            metadata = onnx_reader.load(file.name).metadata
        self.assertEqual((metadata["parent_sha256"], metadata["data"], metadata["version"]), ("ab", "7 corrections", "1.1.0"))


if __name__ == "__main__":
    unittest.main()
