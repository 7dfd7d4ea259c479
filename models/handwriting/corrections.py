"""Labelled corrections as users export them, in the forms that `insitu evaluate --data` reads, and their two parts.

  FILE.jsonl                        an object a line: {"feeds": {"image": {"dims", "data"} or nested arrays}, "label", ...}
  DIR/image.npy, DIR/labels.npy     stacks
Invariant: the same image is there once, with the label that it was given last, so that no part holds an image of the other.
"""
import hashlib
import json
from pathlib import Path

import numpy as np

from layers import LABELS

HELD_OUT = 5  # one of so many is measured with, not trained on


class Refused(Exception):
    """What is wrong with the corrections, and where."""


def read(path):
    """(images float32 [n, 1, 28, 28], labels int64 [n])"""
    path = Path(path)
    if path.is_dir():
        images, labels = (np.load(path / name, allow_pickle=False) for name in ("image.npy", "labels.npy"))
        if len(images) != len(labels):
            raise Refused(f"{path} holds {len(images)} images and {len(labels)} labels: give each image a label")
        rows = [checked(image, label, f"{path}, sample {i}") for i, (image, label) in enumerate(zip(images, labels.tolist()))]
    else:
        rows = [line(text, f"{path}:{i + 1}") for i, text in enumerate(path.read_text().splitlines()) if text.strip()]
    once = {image.tobytes(): (image, label) for image, label in rows}
    if len(once) < HELD_OUT:
        raise Refused(f"{path} holds {len(once)} different images: {HELD_OUT} or more are needed, better some hundreds")
    return np.stack([image for image, _ in once.values()]), np.array([label for _, label in once.values()], dtype=np.int64)


def line(text, at):
    try:
        given = json.loads(text)
        image, label = given["feeds"]["image"], given["label"]
        if isinstance(image, dict):
            image = np.array(image["data"], dtype=np.float32).reshape(image["dims"])
        return checked(np.array(image, dtype=np.float32), label, at)
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f'{at}: {error!r}; write {{"feeds": {{"image": {{"dims", "data"}}}}, "label": 7}} on each line') from error


def checked(image, label, at):
    image = np.ascontiguousarray(image, dtype=np.float32)
    if image.size != 784 or not np.all(np.isfinite(image)):
        raise Refused(f"{at}: the image has {image.size} numbers, or some that are not finite; 28 x 28 are read")
    if label in LABELS:
        label = LABELS.index(label)
    if isinstance(label, bool) or not isinstance(label, int) or not 0 <= label < len(LABELS):
        raise Refused(f"{at}: the label is {label!r}, not one of {', '.join(LABELS)} or the number of one")
    return image.reshape(1, 28, 28), label


def parts(count, seed):
    """(to train on, to measure with): two arrays of indices, each ascending."""
    order = np.random.default_rng(seed).permutation(count)
    held = count // HELD_OUT
    return np.sort(order[held:]), np.sort(order[:held])


def digest(path):
    """Of a file its SHA-256, of a folder that of its `sha256sum` list, as `insitu registry add --data` has it."""
    path = Path(path)
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    names = sorted((file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()), key=str.encode)
    rows = [f"{hashlib.sha256((path / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    return hashlib.sha256("".join(rows).encode()).hexdigest()
