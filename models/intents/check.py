#!/usr/bin/env python3
"""Measures the committed held-out sentences and writes the figures into card.md between its markers.

  /usr/bin/python3 models/intents/check.py

Reads what train.py stored of both models; tests/models/intents.test.mjs makes sure that insitu gives the same, test_intents.py that
no template is in training, too.
"""
import json

from train import HELD_OUT, HERE

import phrases

CONFIDENT = 0.8


def percent(hits):
    return f"{100 * sum(hits) / max(1, len(hits)):.1f} %"


def main():
    rows = json.loads(HELD_OUT.read_text())
    labels = list(phrases.TRAINING)
    best = lambda p: labels[max(range(len(labels)), key=p.__getitem__)]  # noqa: E731
    lines = ["| intent | fp32 | int8 | int8, most often taken for |", "| --- | --- | --- | --- |"]
    for label in labels:
        own = [row for row in rows if row["label"] == label]
        wrong = [best(row["int8"]) for row in own if best(row["int8"]) != label]
        other = max(sorted(set(wrong)), key=wrong.count, default="-")
        hits = [percent([best(row[kind]) == label for row in own]) for kind in ("fp32", "int8")]
        lines.append(f"| {label} | {hits[0]} | {hits[1]} | {other}{f' ({wrong.count(other)} of {len(own)})' if wrong else ''} |")
    total = [percent([best(row[kind]) == row["label"] for row in rows]) for kind in ("fp32", "int8")]
    lines.append(f"| all ({len(rows)}) | **{total[0]}** | **{total[1]}** | |")
    sure = [row for row in rows if max(row["int8"]) >= CONFIDENT]
    same = [best(row["fp32"]) == best(row["int8"]) for row in rows]
    lines += ["", f"Both models agree on {percent(same)} of the sentences. The int8 model gives {percent([max(r['int8']) >= CONFIDENT for r in rows])}"
              f" of them a probability of {CONFIDENT} or more, and is right on {percent([best(r['int8']) == r['label'] for r in sure])} of those."]
    text = "\n".join(lines)
    print(text)
    card = HERE / "card.md"
    before, rest = card.read_text().split("<!-- accuracy -->\n")
    card.write_text(before + "<!-- accuracy -->\n" + text + "\n<!-- /accuracy -->" + rest.split("<!-- /accuracy -->")[1])


if __name__ == "__main__":
    main()
