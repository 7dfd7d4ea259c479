"""Templates -> sentences, with typos. Seeded: the same seed gives the same sentences. Standard library and numpy alone."""
import re

import numpy as np

OPENINGS = ("||||||hi, |hello, |hey, |please help: |hi there |dear support, |good morning, |excuse me, |question: |urgent! |"
            "hello team, |so, |well, |i have a question, ")
CLOSINGS = "|||||.|?|!|??|...| please| thanks| thank you| asap| :(|, please help|. thank you|. best regards|, can you help"
# What lies next to a letter on a QWERTY keyboard.
NEIGHBOURS = {a: near for a, near in zip("qwertyuiopasdfghjklzxcvbnm", (
    "wa", "qes", "wrd", "etf", "ryg", "tuh", "yij", "uok", "ipl", "ol", "qsz", "adwx", "sfec", "dgrv", "fhtb", "gjyn", "hkum",
    "jli", "ko", "asx", "zcd", "xvf", "cbg", "vnh", "bmj", "nk"))}


def templates(block):
    """The lines of a block, each template one."""
    lines = []
    for line in block.strip("\n").split("\n"):
        continued = lines and line.startswith(" " * 9)
        lines = lines[:-1] + [lines[-1] + line.strip()] if continued else lines + [line.strip()]
    return [line for line in lines if line]


def choices(text):
    return [part.strip("\n") for part in text.replace("\n        ", "").split("|")]


def pick(rng, options):
    return options[int(rng.integers(len(options)))]


def fill(template, slots, rng):
    """One sentence of a template. {a|b} may be nested."""
    while "{" in template:
        template = re.sub(r"\{([^{}]*)\}", lambda found: pick(rng, found[1].split("|")), template)
    text = re.sub(r"<(\w+)>", lambda found: pick(rng, choices(slots[found[1]])), template)
    return re.sub(r" +([,.?!])", r"\1", re.sub(r"\s+", " ", text)).strip()


def misspell(text, rng):
    """One wrong key, left out, doubled or swapped letter, or a missing apostrophe."""
    at = [i for i, c in enumerate(text) if c in NEIGHBOURS]
    if "'" in text and rng.random() < 0.3:
        return text.replace("'", "")
    if not at:
        return text
    i = at[int(rng.integers(len(at)))]
    kind = int(rng.integers(4))
    changed = (pick(rng, NEIGHBOURS[text[i]]), "", text[i] * 2, text[i + 1:i + 2] + text[i])[kind]
    return text[:i] + changed + text[i + 2 if kind == 3 else i + 1:]


def case(text, rng):
    roll = rng.random()
    return text.upper() if roll < 0.03 else text[:1].upper() + text[1:] if roll < 0.5 else text


def speak(template, slots, rng, openings=OPENINGS, closings=CLOSINGS, typos=0.4):
    """One sentence as somebody would type it. `typos`: the chance of one mistake, and again of a second."""
    text = pick(rng, openings.split("|")) + fill(template, slots, rng) + pick(rng, closings.split("|"))
    for _ in range(2):
        if rng.random() < typos:
            text = misspell(text, rng)
    return case(text, rng)


def spoken(blocks, slots, each, seed, **manner):
    """[(text, label)], `each` of every block; its templates take turns. Labels are the places of the blocks."""
    rng = np.random.default_rng(seed)
    return [(speak(lines[i % len(lines)], slots, rng, **manner), label)
            for label, block in enumerate(blocks.values()) for lines in [templates(block)] for i in range(each)]
