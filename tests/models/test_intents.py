"""Tests of the intent model's Python side: python3 -m unittest discover tests/models (numpy alone).

That what is held out is held out, sentences that seeds decide, and the tokenizer.
"""
import json
import sys
import unittest
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
MODEL = HERE.parents[1] / "models" / "intents"
sys.path.append(str(MODEL))

import fragments  # noqa: E402
import held_out  # noqa: E402
import phrases  # noqa: E402
import sentences  # noqa: E402
import wordpiece  # noqa: E402

FIXTURE = json.loads((HERE / "fixtures" / "intents.json").read_text())
VOCABULARY = json.loads((MODEL / "tokenizer.json").read_text())["model"]["vocab"]


def lines(blocks):
    return {line for block in blocks.values() for line in sentences.templates(block)}


class HeldOut(unittest.TestCase):
    def test_no_template_is_in_training(self):
        trained = lines(phrases.TRAINING) | lines(fragments.FRAGMENTS)
        self.assertEqual(lines(held_out.HELD_OUT) & trained, set())
        self.assertEqual(len(lines(held_out.HELD_OUT)), 120)

    def test_no_sentence_is_spoken_in_training(self):
        spoken = {text.lower() for blocks in (phrases.TRAINING, fragments.FRAGMENTS)
                  for text, _ in sentences.spoken(blocks, phrases.SLOTS, 1200, 1)}
        self.assertEqual([row["text"] for row in FIXTURE if row["text"].lower() in spoken], [])

    def test_the_committed_sentences_are_those_of_the_seed(self):
        labels = list(phrases.TRAINING)
        made = [(text, labels[label]) for text, label in held_out.sentences()]
        self.assertEqual(made, [(row["text"], row["label"]) for row in FIXTURE])

    def test_all_have_the_same_intents_in_the_same_order(self):
        self.assertEqual(list(phrases.TRAINING), list(held_out.HELD_OUT))
        self.assertEqual(list(phrases.TRAINING), list(fragments.FRAGMENTS))


class Sentences(unittest.TestCase):
    def test_templates_are_filled(self):
        rng = np.random.default_rng(1)
        for blocks in (phrases.TRAINING, fragments.FRAGMENTS):
            for template in lines(blocks):
                self.assertNotRegex(sentences.fill(template, phrases.SLOTS, rng), r"[{}<>|]", template)

    def test_a_mistake_changes_one_or_two_letters(self):
        rng = np.random.default_rng(2)
        for _ in range(200):
            changed = sentences.misspell("don't send it back", rng)
            self.assertLessEqual(abs(len(changed) - len("don't send it back")), 1)
        self.assertEqual(sentences.misspell("!?", rng), "!?")


class Tokenizer(unittest.TestCase):
    def test_the_longest_piece_comes_first(self):
        known = {"un", "##aff", "##able", "##a", "u"}
        self.assertEqual(wordpiece.pieces_of("unaffable", known), ["un", "##aff", "##able"])
        self.assertEqual(wordpiece.pieces_of("unx", known), ["[UNK]"])

    def test_the_committed_vocabulary_gives_the_committed_ids(self):
        for row in FIXTURE:
            self.assertEqual(wordpiece.encode(row["text"], VOCABULARY, 48), row["ids"], row["text"])


if __name__ == "__main__":
    unittest.main()
