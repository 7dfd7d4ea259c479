#!/usr/bin/env python3
"""Fine-tunes the float model on corrections that users exported, without forgetting what it can. NumPy, one core, a minute.

  /usr/bin/python3 models/handwriting/finetune.py --corrections corrections.jsonl --out DIR [--version 1.1.0] [--model FLOAT.onnx]

Of each batch of 64, 16 are corrections and 48 are drawings of strokes.py by writers that nothing else has used (replay); the
corrections are moved by up to two pixels, as the place says nothing. A fifth of the corrections is held out. DIR gets the model
and the data that the next steps take: see docs/how-to/retrain.md. Seeds are fixed: the same machine gives the same bytes.
"""
import argparse
import hashlib
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from common.steady import steady  # noqa: E402

FLOAT = "handwriting_fp32.onnx"
REPLAY = dict(first_seed=8_000_000, writers=180, per_writer=40, reject_share=0.25)
CLEAN = dict(first_seed=900_000, writers=50, per_writer=40, reject_share=0.25)
REFERENCE = dict(first_seed=8_500_000, writers=200, per_writer=50, pens=(17.0, 19.0))
CORRECTIONS_A_BATCH, REPLAY_A_BATCH = 16, 48
EPOCHS = 2
RATE = 1e-3
MOVED = 2
SMOOTHING = 0.03
SEED = 1


def moved(images, shifts):
    """Each image by its own (down, right); what comes in is empty."""
    wide = np.pad(images, [(0, 0), (0, 0), (MOVED, MOVED), (MOVED, MOVED)])
    return np.stack([image[:, MOVED - dy:MOVED - dy + 28, MOVED - dx:MOVED - dx + 28] for image, (dy, dx) in zip(wide, shifts)])


def tune(layers, corrections, replay, log, seed=SEED, epochs=EPOCHS):
    """Changes `layers`; `corrections` and `replay` are (images, labels). An epoch is all of the replay once."""
    from backprop import Adam, gradients
    rng, adam = np.random.default_rng(seed), Adam(layers)
    rows = np.eye(len(layers[-1].bias), dtype=np.float32) * (1 - SMOOTHING) + SMOOTHING / len(layers[-1].bias)
    steps = len(replay[0]) // REPLAY_A_BATCH
    for epoch in range(epochs):
        order, total = rng.permutation(len(replay[0])), 0.0
        for step in range(steps):
            own = rng.integers(len(corrections[0]), size=CORRECTIONS_A_BATCH)
            shifts = rng.integers(-MOVED, MOVED + 1, size=(CORRECTIONS_A_BATCH, 2))
            fresh = order[step * REPLAY_A_BATCH:(step + 1) * REPLAY_A_BATCH]
            images = np.concatenate([moved(corrections[0][own], shifts), replay[0][fresh]])
            labels = np.concatenate([corrections[1][own], replay[1][fresh]])
            loss, found = gradients(layers, images, rows[labels])
            adam.step(found, RATE * 0.5 * (1 + np.cos(np.pi * (epoch * steps + step) / (epochs * steps))))
            total += loss
        log(f"epoch {epoch + 1} of {epochs}: loss {total / steps:.4f}")
    return layers


def accuracy(layers, images, labels):
    from layers import forward
    return float(np.mean(forward(layers, images).argmax(axis=1) == labels))


def write_stack(folder, images, labels=None):
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "image.npy", images)
    if labels is not None:
        np.save(folder / "labels.npy", labels.astype(np.int32))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corrections", type=Path, required=True, help="FILE.jsonl, or a folder with image.npy and labels.npy")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=HERE / FLOAT, help="the float model to start from")
    parser.add_argument("--version", default="1.1.0", help="of the model that is written")
    args = parser.parse_args()
    steady()
    started = time.time()

    def log(text):
        print(f"[{time.time() - started:3.0f} s] {text}", flush=True)

    import corrections
    import onnx_reader
    import onnx_writer
    from raster import rasterize_all
    from strokes import sheet

    def drawn(**wanted):
        drawings, labels, pens, _ = sheet(**wanted)
        return rasterize_all(drawings, pens), labels

    try:
        images, labels = corrections.read(args.corrections)
    except (corrections.Refused, OSError) as error:
        sys.exit(f"finetune.py: {error}")
    train, held = corrections.parts(len(images), SEED)
    layers, replay, clean = onnx_reader.float_layers(args.model), drawn(**REPLAY), drawn(**CLEAN)
    log(f"{len(train)} corrections to train on, {len(held)} held out; {len(replay[0])} drawings of replay")

    def measured(text):
        log(f"{text}: {accuracy(layers, images[held], labels[held]):.1%} of the held-out corrections, {accuracy(layers, *clean):.1%} of clean drawings")

    measured("before")
    tune(layers, (images[train], labels[train]), replay, log)
    measured("after")
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / FLOAT).write_bytes(onnx_writer.float_model(layers, args.version, {
        "parent_sha256": hashlib.sha256(args.model.read_bytes()).hexdigest(),
        "data_sha256": corrections.digest(args.corrections),
        "data": f"{len(train)} corrections, {CORRECTIONS_A_BATCH} a batch; {len(replay[0])} drawings of strokes.py from seed "
                f"{REPLAY['first_seed']}, {REPLAY_A_BATCH} a batch",
    }))
    write_stack(args.out / "held-out", images[held], labels[held])
    write_stack(args.out / "clean", *clean)
    write_stack(args.out / "calibration", np.concatenate([images[train], replay[0][:1000]]))
    write_stack(args.out / "reference", np.concatenate([images[train], drawn(**REFERENCE)[0]]))
    log(f"wrote {args.out / FLOAT}, and the folders held-out, clean, calibration and reference beside it")


if __name__ == "__main__":
    main()
