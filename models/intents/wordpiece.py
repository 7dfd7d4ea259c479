"""WordPiece: the vocabulary, its training, and the plain algorithm, in the standard library alone.

Training merges the most frequent pair of neighbours until the vocabulary is full (as WordPieceTrainer of Hugging Face's
tokenizers does); encoding takes the longest piece first (Devlin et al. 2018, tensorflow/models bert/tokenization.py).
"""
import unicodedata
from collections import Counter

PAD, UNK, CLS, SEP = SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
LONGEST_WORD = 100


def is_punctuation(char):
    return not char.isalnum() and 32 < ord(char) < 127 or unicodedata.category(char).startswith("P")


def is_ideograph(char):
    blocks = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
              (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))
    return any(first <= ord(char) <= last for first, last in blocks)


def words(text):
    """Cleaned, in lower case, without accents, cut at white space, punctuation and ideographs."""
    kept = []
    for char in text:
        if char in "\t\n\r" or unicodedata.category(char) == "Zs":
            kept.append(" ")
        elif ord(char) not in (0, 0xFFFD) and not unicodedata.category(char).startswith("C"):
            kept.append(f" {char} " if is_ideograph(char) else char)
    plain = unicodedata.normalize("NFD", "".join(kept).lower())
    plain = "".join(c for c in plain if unicodedata.category(c) != "Mn")
    return "".join(f" {c} " if is_punctuation(c) else c for c in plain).split()


def train(texts, size):
    """The vocabulary as a list; ids are its indices."""
    counts = Counter(word for text in texts for word in words(text))
    split = {word: [word[0], *("##" + c for c in word[1:])] for word in counts}
    letters = sorted({piece for pieces in split.values() for piece in pieces})
    vocabulary = SPECIAL + letters
    known = set(vocabulary)
    while len(vocabulary) < size:
        pairs = Counter()
        for word, pieces in split.items():
            for pair in zip(pieces, pieces[1:]):
                pairs[pair] += counts[word]
        if not pairs:
            break
        left, right = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merged = left + right.removeprefix("##")
        if merged not in known:
            known.add(merged)
            vocabulary.append(merged)
        for word, pieces in split.items():
            if left in pieces:
                split[word] = merge(pieces, left, right, merged)
    return vocabulary


def merge(pieces, left, right, merged):
    out, i = [], 0
    while i < len(pieces):
        if pieces[i:i + 2] == [left, right]:
            out.append(merged)
            i += 2
        else:
            out.append(pieces[i])
            i += 1
    return out


def pieces_of(word, known):
    if len(word) > LONGEST_WORD:
        return [UNK]
    out, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in known:
                break
        else:
            return [UNK]
        out.append(piece)
        start = end
    return out


def encode(text, ids, longest):
    """Ids of one text with [CLS] and [SEP], cut to `longest`; `ids`: id by token."""
    inner = [ids[piece] for word in words(text) for piece in pieces_of(word, ids)]
    return [ids[CLS], *inner[:longest - 2], ids[SEP]]


def tokenizer_json(vocabulary, longest):
    """The same as a Hugging Face tokenizer.json."""
    ids = {token: i for i, token in enumerate(vocabulary)}
    stretch = lambda name, kind: {"Sequence": {"id": name, "type_id": kind}}  # noqa: E731
    special = lambda name, kind: {"SpecialToken": {"id": name, "type_id": kind}}  # noqa: E731
    return {
        "version": "1.0",
        "truncation": {"direction": "Right", "max_length": longest, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": ids[PAD],
                    "pad_type_id": 0, "pad_token": PAD},
        "added_tokens": [{"id": ids[t], "content": t, "single_word": False, "lstrip": False, "rstrip": False,
                          "normalized": False, "special": True} for t in SPECIAL],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
                       "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special(CLS, 0), stretch("A", 0), special(SEP, 0)],
            "pair": [special(CLS, 0), stretch("A", 0), special(SEP, 0), stretch("B", 1), special(SEP, 1)],
            "special_tokens": {t: {"id": t, "ids": [ids[t]], "tokens": [t]} for t in (CLS, SEP)},
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": UNK, "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": LONGEST_WORD, "vocab": ids},
    }
