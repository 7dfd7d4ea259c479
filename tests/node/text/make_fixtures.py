#!/usr/bin/env python3
"""Writes wordpiece.json, bpe.json, unigram.json (tokenizers trained on corpus.txt) and expected.json (what reference.py gives).

  python3 tests/node/text/make_fixtures.py        needs the standard library alone
"""
import json
from pathlib import Path

import reference
from reference import wordpiece

HERE = Path(__file__).resolve().parent
TEXTS = [
    "", " ", "The quick brown fox", "networking tokenizers run unbelievably faster!!", "we've they're doesn't it's I'm you'll he'd",
    "Crème brûlée für Zoë", "Cre\u0300me bru\u0302le\u0301e", "STRASSE straße İstanbul", "東京は日本の首都です。", "𠀀𠮷 rare ideographs 㐀",
    "Привет, мир!", "😀👍🏽 👩‍💻 🇩🇪", "  two  spaces\tand\ntabs \n\n ", "ﬁne ２３ ①½ ligatures", "a" * 101, "supercalifragilistic" * 8,
    "∑∞ ☃☃ ☃", "no\u00a0break\u200bzero\u0000nul\ufeffbom", "http://example.org/?q=1&r=2#x", "{[(<@#$%^&*~`|\\>)]}", "$& $1 $$",
    "שלום עולם", "नमस्ते दुनिया", "สวัสดี", "ab\r\ncd", "12345 678,90", "don’t “quote” – dash…",
]


def sized(id_pad, side, strategy="LongestFirst"):
    return {
        "truncation": {"direction": side, "max_length": 24, "strategy": strategy, "stride": 0},
        "padding": {"strategy": "BatchLongest", "direction": side, "pad_to_multiple_of": None, "pad_id": id_pad, "pad_type_id": 0,
                    "pad_token": "<pad>"},
    }


def added(*tokens):
    return [{"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
            for i, t in tokens]


def make_wordpiece(texts):
    vocabulary = wordpiece.train(texts, 320)
    known = {token: i for i, token in enumerate(vocabulary)}
    tokens = lambda text: [p for word in wordpiece.words(text) for p in wordpiece.pieces_of(word, known)]  # noqa: E731
    return wordpiece.tokenizer_json(vocabulary, 24), tokens, known, known["[UNK]"]


def make_bpe(texts):
    merges = reference.train_bpe(texts, 200)
    ids = {t: i for i, t in enumerate(["<|endoftext|>", "<pad>", *reference.LETTERS.values(), *map("".join, merges)])}
    file = {
        "version": "1.0", **sized(1, "Left"), "added_tokens": added((0, "<|endoftext|>"), (1, "<pad>")), "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "",
                  "fuse_unk": False, "byte_fallback": False, "vocab": ids, "merges": [" ".join(pair) for pair in merges]},
    }
    ranks = {pair: i for i, pair in enumerate(merges)}
    return file, lambda text: reference.bpe(text, ranks), ids, None


def make_unigram(texts):
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *reference.train_unigram(texts, 300)]
    ids = {piece: i for i, (piece, _) in enumerate(pieces)}
    space = {"type": "Metaspace", "replacement": reference.PREFIX, "prepend_scheme": "always", "split": True}
    file = {
        "version": "1.0", **sized(1, "Right", "OnlyFirst"),
        "added_tokens": added((0, "<s>"), (1, "<pad>"), (2, "</s>"), (3, "<unk>")), "normalizer": {"type": "NFKC"}, "pre_tokenizer": space,
        "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": True,
                           "add_prefix_space": True},
        "decoder": space, "model": {"type": "Unigram", "unk_id": 3, "vocab": pieces, "byte_fallback": False},
    }
    scores = dict(pieces)
    return file, lambda text: reference.unigram(text, scores), ids, 3


def main():
    corpus = (HERE / "corpus.txt").read_text().splitlines()
    expected = {}
    for name, make in (("wordpiece", make_wordpiece), ("bpe", make_bpe), ("unigram", make_unigram)):
        file, tokens, ids, unknown = make(corpus)
        (HERE / f"{name}.json").write_text(json.dumps(file, ensure_ascii=False, separators=(",", ":")) + "\n")
        expected[name] = [{"text": text, "ids": [ids.get(t, unknown) for t in tokens(text)]} for text in [*corpus, *TEXTS]]
    rows = ",\n".join(f'"{name}": [\n' + ",\n".join(json.dumps(row, separators=(",", ":")) for row in cases) + "\n]"
                      for name, cases in expected.items())
    (HERE / "expected.json").write_text(f"{{\n{rows}\n}}\n")


if __name__ == "__main__":
    main()
