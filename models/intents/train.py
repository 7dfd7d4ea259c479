#!/usr/bin/env python3
"""Trains the intent model and writes all its files. One command, one core, about a minute and a half; needs numpy alone.

  /usr/bin/python3 models/intents/train.py              vocabulary, training, int8, held-out sentences, manifest
  /usr/bin/python3 models/intents/train.py --out DIR    write there, and leave manifest and held-out sentences alone

Seeds are fixed and every step runs on one thread: the same machine gives the same bytes. See card.md.
"""
import argparse
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from common.manifest import record  # noqa: E402
from common.steady import steady  # noqa: E402

VERSION = "1.0.0"
FLOAT, INT8, TOKENIZER = "intents_fp32.onnx", "intents_int8.onnx", "tokenizer.json"
HELD_OUT = HERE.parents[1] / "tests" / "models" / "fixtures" / "intents.json"
# Sentences for each intent, from whole templates and from short ones.
SENTENCES = {"phrases": 1200, "fragments": 1200}
VOCABULARY, LONGEST = 1200, 48


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE)
    args = parser.parse_args()
    steady()
    started = time.time()

    def log(text):
        print(f"[{time.time() - started:5.0f} s] {text}", flush=True)

    import fragments
    import network
    import onnx_writer
    import phrases
    import quantize
    import wordpiece
    from sentences import spoken

    labels = list(phrases.TRAINING)
    told = (spoken(phrases.TRAINING, phrases.SLOTS, SENTENCES["phrases"], 1)
            + spoken(fragments.FRAGMENTS, phrases.SLOTS, SENTENCES["fragments"], 2))
    vocabulary = wordpiece.train([text for text, _ in told], VOCABULARY)
    ids = {token: i for i, token in enumerate(vocabulary)}
    log(f"{len(told)} sentences, {len(vocabulary)} tokens")
    rows = [wordpiece.encode(text, ids, LONGEST) for text, _ in told]
    w = network.train(rows, [label for _, label in told], len(vocabulary), len(labels), 1, log)

    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / FLOAT).write_bytes(onnx_writer.model(w, labels, VERSION, LONGEST))
    (args.out / INT8).write_bytes(onnx_writer.model(w, labels, VERSION, LONGEST, quantize.quantize(w)))
    written = json.dumps(wordpiece.tokenizer_json(vocabulary, LONGEST), ensure_ascii=False, separators=(",", ":"))
    (args.out / TOKENIZER).write_text(written + "\n")
    log("written")
    if args.out.resolve() == HERE:
        record("intents", [FLOAT, INT8, TOKENIZER])
        write_held_out(labels, ids, w, quantize.quantize(w))


def write_held_out(labels, ids, w, quantized):
    """Text, label, ids, and the probabilities of both models, each text a batch of its own."""
    import held_out
    import network
    import quantize
    import wordpiece
    lines = []
    for text, label in held_out.sentences():
        row = wordpiece.encode(text, ids, LONGEST)
        short = lambda p: [float(f"{v:.4g}") for v in p[0]]  # noqa: E731
        lines.append(json.dumps({"text": text, "label": labels[label], "ids": row, "fp32": short(network.forward(w, [row])),
                                 "int8": short(quantize.forward(w, quantized, [row]))}, separators=(",", ":")))
    HELD_OUT.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
