"""First generator: writers who draw digits and other marks as strokes on a unit square.

A Writer is a style drawn once (slant, proportions, size, pen, steadiness, preferred forms); each of its
drawings varies a little around it. Everything follows from one seed, so a drawing can be made again.
"""
import re

import numpy as np

import skeletons

REJECT = 10
MARGIN = 0.02
STEPS = np.arange(12) / 12.0
HERMITE = np.stack([2 * STEPS**3 - 3 * STEPS**2 + 1, STEPS**3 - 2 * STEPS**2 + STEPS,
                    -2 * STEPS**3 + 3 * STEPS**2, STEPS**3 - STEPS**2], axis=1)


def parse(text):
    """[(points (n, 2), corner (n,) bool)] of one skeleton."""
    strokes = []
    for part in text.split(";"):
        points, corners = [], []
        for item in part.split():
            corner = item.endswith("!")
            numbers = [float(v) for v in item.strip("@!").split(",")]
            if item.startswith("@"):
                cx, cy, rx, ry, start, end = numbers
                angles = np.radians(np.linspace(start, end, 2 + int(abs(end - start) // 42)))
                points += [(cx + rx * np.cos(a), cy + ry * np.sin(a)) for a in angles]
                corners += [False] * (len(angles) - 1) + [corner]
            else:
                points.append(numbers)
                corners.append(corner)
        corners[0] = corners[-1] = True
        strokes.append((np.array(points, dtype=np.float64), np.array(corners)))
    return strokes


FORMS = {digit: [(weight, parse(text)) for weight, text in forms] for digit, forms in skeletons.DIGITS.items()}
LETTERS = [parse(text) for text in skeletons.LETTERS]
SHAPES = [parse(text) for text in skeletons.SHAPES]


def curve(points, corners, tension):
    """Dense points of the spline through `points`, straight into and out of corners."""
    if len(points) < 2:
        return points
    step = points[1:] - points[:-1]
    middle = np.zeros_like(points)
    middle[1:-1] = tension * 0.5 * (points[2:] - points[:-2])
    start, end = middle[:-1].copy(), middle[1:].copy()
    start[corners[:-1]] = step[corners[:-1]]
    end[corners[1:]] = step[corners[1:]]
    table = np.stack([points[:-1], start, points[1:], end], axis=1)
    dense = np.einsum("sk,nkd->nsd", HERMITE, table).reshape(-1, 2)
    return np.concatenate([dense, points[-1:]])


def lengths(points):
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])


def at(points, distances):
    run = lengths(points)
    return np.stack([np.interp(distances, run, points[:, i]) for i in (0, 1)], axis=1)


class Writer:
    """One hand. `draw(label)` gives strokes in units of the canvas side."""

    def __init__(self, seed, pens=(14.0, 23.0)):
        rng = self.rng = np.random.default_rng(seed)
        self.slant = float(np.clip(rng.normal(0.1, 0.17), -0.35, 0.5))
        self.aspect = float(np.clip(np.exp(rng.normal(0.05, 0.2)), 0.6, 1.6))
        self.turn = float(np.clip(rng.normal(0, 4), -11, 11))
        self.height = rng.uniform(0.4, 0.86)
        self.height_spread = rng.uniform(0.03, 0.12)
        self.centre = 0.5 + rng.normal(0, 0.04, 2)
        self.centre_spread = rng.choice([0.015, 0.03, 0.06, 0.12])
        self.tension = rng.uniform(0.7, 1.25)
        self.bend = rng.normal(0, 0.09, 4)
        self.form_jitter = rng.uniform(0.01, 0.045)
        self.jitter = rng.uniform(0.008, 0.03)
        self.wobble = rng.uniform(0, 0.012)
        self.tremor = rng.choice([0, 0.0008, 0.0025])
        self.spacing = rng.uniform(0.012, 0.05)
        self.slowing = rng.uniform(0, 0.8)
        self.grid = rng.choice([0, 280, 280, 400, 600])
        self.pen = rng.uniform(*pens) / 280
        self.loyalty = rng.uniform(0.7, 1.0)
        self.hooks = rng.choice([0, 0, 0.3])
        self.trim = rng.uniform(-0.03, 0.04)
        self.favourite, self.moved = {}, {}
        for digit, forms in FORMS.items():
            weights = np.array([w for w, _ in forms])
            self.favourite[digit] = int(rng.choice(len(forms), p=weights / weights.sum()))

    def form(self, digit):
        forms = FORMS[digit]
        pick = self.favourite[digit]
        if self.rng.random() > self.loyalty:
            weights = np.array([w for w, _ in forms])
            pick = int(self.rng.choice(len(forms), p=weights / weights.sum()))
        key = (digit, pick)
        if key not in self.moved:
            self.moved[key] = [(points + self.rng.normal(0, self.form_jitter, points.shape), corners)
                               for points, corners in forms[pick][1]]
        return self.moved[key]

    def digit(self, digit):
        return self.place(self.shape(self.form(digit)))

    def shape(self, skeleton, loose=1.0):
        """Skeleton -> dense strokes about the origin, in the hand of the writer, height about 1."""
        rng = self.rng
        out = []
        slant = self.slant + rng.normal(0, 0.03)
        stretch = self.aspect * np.exp(rng.normal(0, 0.06))
        for points, corners in skeleton:
            points = points + rng.normal(0, self.jitter * loose, points.shape)
            dense = self.ends(curve(points, corners, self.tension))
            x, y = dense.T
            a, b, c, d = self.bend
            bent_x = (x + a * (y * y - 0.08) + b * x * y) * stretch - slant * y
            bent_y = y + c * (x * x - 0.04) + d * x * y
            out.append(np.stack([bent_x, bent_y], axis=1))
        return out

    def ends(self, dense):
        """Shortens or lengthens the end of a stroke, and sometimes lands the pen with a small hook."""
        rng = self.rng
        total = lengths(dense)[-1]
        if total < 0.3:
            return dense
        cut = (self.trim + rng.normal(0, 0.015)) * total
        if cut > 0:
            keep = lengths(dense) < total - cut
            dense = np.concatenate([dense[keep], at(dense, [total - cut])])
        else:
            direction = dense[-1] - dense[-3]
            dense = np.concatenate([dense, [dense[-1] - cut * direction / max(np.hypot(*direction), 1e-9)]])
        if rng.random() < self.hooks:
            dense = np.concatenate([[dense[0] + rng.normal(0, 0.04, 2)], dense])
        return dense

    def place(self, strokes, height=None, turn=None):
        """Scales, turns and shifts onto the canvas, then samples the strokes as a pointer would."""
        rng = self.rng
        if height is None:
            height = np.clip(self.height * np.exp(rng.normal(0, self.height_spread)), 0.33, 0.92)
        angle = np.radians(self.turn + rng.normal(0, 2.5) if turn is None else turn)
        spin = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        strokes = [s @ spin for s in strokes]
        every = np.concatenate(strokes)
        low, high = every.min(axis=0), every.max(axis=0)
        room = 1 - 2 * MARGIN - self.pen
        scale = min((height - self.pen) / max(high[1] - low[1], 0.3), room / max(high[0] - low[0], 1e-6))
        half = (high - low) / 2 * scale
        reach = np.maximum(room / 2 - half, 0)
        centre = np.clip(self.centre + rng.normal(0, self.centre_spread, 2), 0.5 - reach, 0.5 + reach)
        return [self.pointer((s - (low + high) / 2) * scale + centre) for s in strokes]

    def pointer(self, path):
        """Points a mouse or finger would report: wider apart where the pen is fast, a little unsteady."""
        rng = self.rng
        total = lengths(path)[-1]
        count = max(2, int(np.ceil(total / self.spacing)) + 1)
        pace = 1 + self.slowing * np.interp(np.linspace(0, 1, count), np.linspace(0, 1, 6), rng.uniform(-1, 1, 6))
        where = np.concatenate([[0.0], np.cumsum(pace[1:])])
        points = at(path, where / where[-1] * total)
        knots = max(3, int(total / 0.12) + 2)
        slow = rng.normal(0, self.wobble, (2, knots))
        grid = np.linspace(0, 1, knots)
        points = points + np.stack([np.interp(where / where[-1], grid, s) for s in slow], axis=1)
        points = points + rng.normal(0, self.tremor, points.shape) if self.tremor else points
        points = np.rint(points * self.grid) / self.grid if self.grid else points
        return np.clip(points, 0.005, 0.995)

    def draw(self, label):
        return self.digit(label) if label != REJECT else self.reject()

    def reject(self):
        kind = self.rng.choice(8, p=[0.26, 0.22, 0.2, 0.1, 0.06, 0.06, 0.06, 0.04])
        return (self.letter, self.figure, self.scribble, self.zigzag,
                self.dots, self.pair, self.turned, self.dash)[kind]()

    def letter(self):
        return self.place(self.shape(LETTERS[self.rng.integers(len(LETTERS))]))

    def figure(self):
        strokes = self.shape(SHAPES[self.rng.integers(len(SHAPES))])
        return self.place(strokes, height=self.rng.uniform(0.3, 0.92))

    def scribble(self):
        """A smooth random walk, or loops around loops."""
        rng = self.rng
        n = int(rng.integers(8, 40))
        if rng.random() < 0.5:
            points = np.cumsum(rng.normal(0, 1, (n, 2)), axis=0) * 0.12
        elif rng.random() < 0.5:
            points = rng.uniform(-0.5, 0.5, (n, 2))
        else:
            t = np.arange(n) * rng.uniform(0.6, 1.4)
            drift = np.linspace(-0.5, 0.5, n)[:, None] * rng.normal(0, 0.6, 2)
            points = 0.35 * np.stack([np.cos(t), np.sin(t)], axis=1) * rng.uniform(0.6, 1.2, (n, 1)) + drift
        corners = np.zeros(n, dtype=bool)
        corners[[0, -1]] = True
        return self.place(self.shape([(points, corners)]), height=rng.uniform(0.35, 0.95))

    def zigzag(self):
        """Hatching: many turns to and fro."""
        rng = self.rng
        n = int(rng.integers(6, 26))
        points = np.stack([np.where(np.arange(n) % 2, 0.4, -0.4), np.linspace(-0.45, 0.45, n)], axis=1)
        points += rng.normal(0, 0.05, points.shape)
        corners = np.full(n, bool(rng.random() < 0.5))
        corners[[0, -1]] = True
        strokes = self.shape([(points, corners)])
        return self.place(strokes, height=rng.uniform(0.35, 0.95), turn=rng.uniform(0, 180))

    def scrawl(self):
        return self.scribble() if self.rng.random() < 0.5 else self.zigzag()

    def dots(self):
        """Blank or nearly: nothing, a few dots, a tick of the pen."""
        rng = self.rng
        strokes = []
        for _ in range(int(rng.integers(0, 5))):
            start = rng.uniform(0.1, 0.9, 2)
            size = rng.choice([0.004, 0.05, 0.12])
            strokes.append(np.stack([start, np.clip(start + rng.normal(0, size, 2), 0.02, 0.98)]))
        return strokes

    def pair(self):
        """Two digits side by side."""
        rng = self.rng
        left, right = (self.shape(self.form(int(d))) for d in rng.integers(0, 10, 2))
        gap = max(s[:, 0].max() for s in left) - min(s[:, 0].min() for s in right) + rng.uniform(0.12, 0.35)
        return self.place(left + [s + [gap, 0] for s in right], height=rng.uniform(0.4, 0.9))

    def turned(self):
        """A digit lying on its side; only forms that become no other digit."""
        digit = int(self.rng.choice([2, 3, 4, 5, 7]))
        side = self.rng.choice([-90, 90]) + self.rng.normal(0, 10)
        return self.place(self.shape(self.form(digit)), turn=side)

    def dash(self):
        """A level line or a shallow arc."""
        points = np.array([[-0.5, 0], [0, self.rng.normal(0, 0.08)], [0.5, 0]])
        strokes = self.shape([(points, np.array([True, False, True]))])
        return self.place(strokes, height=self.rng.uniform(0.3, 0.9), turn=self.rng.normal(0, 15))


def sheet(first_seed, writers, per_writer, reject_share=0.0, pens=(14.0, 23.0)):
    """Drawings of `writers` hands: ([strokes], labels int64, pens float64, writer index int64)."""
    drawings, labels, widths, owners = [], [], [], []
    for w in range(writers):
        writer = Writer(first_seed + w, pens)
        rejects = int(round(per_writer * reject_share))
        wanted = [REJECT] * rejects + [i % 10 for i in range(per_writer - rejects)]
        for label in writer.rng.permutation(wanted).tolist():
            drawings.append(writer.draw(label))
            labels.append(label)
            widths.append(writer.pen)
            owners.append(w)
    return drawings, np.array(labels), np.array(widths), np.array(owners)
