"""Plain reference implementations, written from the published algorithms, that insitu/text is tested against.

WordPiece: models/intents/wordpiece.py (Devlin et al. 2018). Byte-level BPE: Sennrich et al. 2016 over the bytes of Radford et al.
2019, the lowest rank merged everywhere, again and again. Unigram: Kudo 2018, the likeliest segmentation by Viterbi. None of it
shares code with the library that insitu/text bundles; the standard library is all it needs.
"""
import math
import sys
import unicodedata
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "models" / "intents"))
import wordpiece  # noqa: E402

PREFIX = "▁"
CONTRACTIONS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")


def byte_letters():
    """The printable letter that stands for each byte (Radford et al. 2019, encoder.py, bytes_to_unicode)."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in kept]
    return {**{b: chr(b) for b in kept}, **{b: chr(256 + i) for i, b in enumerate(rest)}}


LETTERS = byte_letters()


def kind(char):
    category = unicodedata.category(char)[0]
    return category if category in "LN" else "space" if char.isspace() else "sign"


def stretches(text):
    """Radford's pattern by hand: 's|'t|'re|...| ?letters| ?numbers| ?signs|spaces before a space or the end|spaces"""
    out, i = [], 0
    while i < len(text):
        found = next((c for c in CONTRACTIONS if text.startswith(c, i)), None)
        if found:
            out.append(found)
            i += len(found)
            continue
        start = i + 1 if text[i] == " " and i + 1 < len(text) and kind(text[i + 1]) != "space" else i
        end = start
        while end < len(text) and kind(text[end]) == kind(text[start]):
            end += 1
        if kind(text[start]) == "space" and end < len(text) and end - start > 1:
            end -= 1
        out.append(text[i:end])
        i = end
    return out


def in_letters(word):
    return [LETTERS[b] for b in word.encode()]


def train_bpe(texts, merges):
    words = Counter(tuple(in_letters(w)) for text in texts for w in stretches(text))
    out = []
    for _ in range(merges):
        pairs = Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        out.append(best)
        words = Counter({tuple(merged(list(word), best)): count for word, count in words.items()})
    return out


def merged(pieces, pair):
    return wordpiece.merge(pieces, *pair, "".join(pair))


def bpe(text, ranks):
    """Tokens of a text by byte-level BPE; `ranks`: rank by pair."""
    out = []
    for word in stretches(text):
        pieces = in_letters(word)
        while True:
            pairs = [pair for pair in zip(pieces, pieces[1:]) if pair in ranks]
            if not pairs:
                break
            pieces = merged(pieces, min(pairs, key=ranks.get))
        out += pieces
    return out


def marked(text):
    """NFKC, spaces as marks, one in front, cut before each mark."""
    text = unicodedata.normalize("NFKC", text).replace(" ", PREFIX)
    if not text:
        return []
    text = text if text.startswith(PREFIX) else PREFIX + text
    starts = [i for i, c in enumerate(text) if c == PREFIX] + [len(text)]
    return [text[a:b] for a, b in zip(starts, starts[1:])]


def train_unigram(texts, size):
    """[(piece, log probability)]: all letters and the substrings that would save most, by their counts."""
    words = Counter(word for text in texts for word in marked(text))
    counts = Counter()
    for word, count in words.items():
        for a in range(len(word)):
            for b in range(a + 1, min(len(word), a + 8) + 1):
                counts[word[a:b]] += count
    letters = [piece for piece in counts if len(piece) == 1]
    longer = sorted((p for p in counts if len(p) > 1 and counts[p] > 1), key=lambda p: (-counts[p] * len(p), p))
    pieces = sorted(letters) + longer[:size - len(letters)]
    total = sum(counts[p] for p in pieces)
    return [(p, round(math.log(counts[p] / total), 6)) for p in pieces]


def unigram(text, scores):
    """Pieces of a text; those that are not in `scores` are unknown, neighbours among them one."""
    unknown, out = min(scores.values()) - 10, []
    for word in marked(text):
        best = [(0.0, 0)] + [(-math.inf, 0)] * len(word)
        for a in range(len(word)):
            single = False
            for b in range(a + 1, len(word) + 1):
                if word[a:b] in scores:
                    single = single or b == a + 1
                    best[b] = max(best[b], (best[a][0] + scores[word[a:b]], a), key=lambda way: way[0])
            if not single:
                best[a + 1] = max(best[a + 1], (best[a][0] + unknown, a), key=lambda way: way[0])
        pieces, end = [], len(word)
        while end > 0:
            pieces.insert(0, word[best[end][1]:end])
            end = best[end][1]
        for piece in pieces:
            if piece not in scores and out and out[-1] not in scores:
                out[-1] += piece
            else:
                out.append(piece)
    return out
