"""Reference profile, tolerances and the detector they are made for (a prototype to calibrate with).

A detector tuned to the whole population would soon call any one hand drifted: one person's digits are a narrow,
shifted part of it. So a feature carries a tolerance {tail, share}: a single honest source puts at most `share`
of its values beyond the profile's outer `tail` on either side. The bets are against exactly that claim.
The value's rank among the 256 knots gives p = (below + U * (equal + 1)) / 257 with U uniform; z = 1 where
p <= tail (low side) or p >= 1 - tail (high side). For g in GAINS and each side the e-value is 1 + g * (z / share - 1):
positive, and of mean at most 1 as long as the claim holds. Each of them keeps M <- (M + 1) * e; the alarm is
raised when the mean of all M, over sides, gains and features, reaches `falseAlarmEvery`.
"""
import json

import numpy as np

from features import NAMES

KNOTS = 256
GAINS = np.array([0.3, 0.6, 0.9])
SLACK = 1e-6            # last bits differ between engines: a share is taken for the worse of both ways to fall
SMALLEST_SHARE = 0.05
WRITERS_HELD = 0.999    # the share holds for this part of the writers ...
CAUTION = 1.5           # ... with this factor to spare: people differ more than simulated writers do


def knots_of(values):
    """Quantiles at (i + 0.5) / 256, the outermost two being minimum and maximum."""
    ordered = np.sort(values)
    knots = np.quantile(ordered, (np.arange(KNOTS) + 0.5) / KNOTS)
    knots[0], knots[-1] = ordered[0], ordered[-1]
    return np.array([rounded(k) for k in knots])


def rounded(value):
    """The shortest decimal of the nearest float32: detectors compare in single precision, so shares tie exactly."""
    return float(str(np.float32(value)))


def ranks(knots, values, chance):
    knots, values = knots.astype(np.float32), values.astype(np.float32)
    below = np.searchsorted(knots, values, side="left")
    equal = np.searchsorted(knots, values, side="right") - below
    return (below + chance * (equal + 1)) / (KNOTS + 1)


def chance_beyond(knots, values, tail):
    """Probability, over U, that each value counts as beyond the low and the high tail: two arrays."""
    out = []
    for side in (-1, 1):
        moved = np.where(values == np.rint(values), values, values + side * SLACK * np.abs(values))
        below = np.searchsorted(knots, moved, side="left")
        width = np.searchsorted(knots, moved, side="right") - below + 1
        low = np.clip((tail * (KNOTS + 1) - below) / width, 0, 1)
        high = np.clip(1 - ((1 - tail) * (KNOTS + 1) - below) / width, 0, 1)
        out.append(low if side < 0 else high)
    return out


def share_of(knots, values, owners, tail):
    """CAUTION times the share WRITERS_HELD of the writers keep to on their worse side; at least SMALLEST_SHARE."""
    count = np.bincount(owners)
    worst = np.zeros(len(count))
    for beyond in chance_beyond(knots, values, tail):
        worst = np.maximum(worst, np.bincount(owners, weights=beyond) / count)
    share = CAUTION * float(np.quantile(worst, WRITERS_HELD))
    return float(np.ceil(np.clip(share, SMALLEST_SHARE, 1) * 100 - 1e-9) / 100)


def profile_of(table, owners, model_sha256, tails):
    """The profile of float64 [n, features] rows, row i drawn by writer owners[i]."""
    rows = []
    for k, name in enumerate(NAMES):
        values = table[:, k]
        knots = knots_of(values)
        rows.append({"name": name, "knots": knots.tolist(), "mean": rounded(values.mean()),
                     "std": rounded(values.std()),
                     "tolerance": {"tail": tails[name], "share": share_of(knots, values, owners, tails[name])}})
    return {"format": "insitu-profile", "version": 1, "model": {"sha256": model_sha256},
            "count": len(table), "features": rows}


def to_json(profile):
    return json.dumps(profile, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n"


class Detector:
    """Many streams at once: `update` takes float64 [streams, features] and says which streams alarm."""

    def __init__(self, profile, every, streams, seed=0):
        self.rows = profile["features"]
        self.every = every
        self.random = np.random.default_rng(seed)
        self.bets = np.zeros((streams, len(self.rows), 2, len(GAINS)))

    def update(self, values):
        for k, row in enumerate(self.rows):
            tail, share = row["tolerance"]["tail"], row["tolerance"]["share"]
            p = ranks(np.array(row["knots"]), values[:, k], self.random.random(len(values)))
            for side, z in enumerate((p <= tail, p >= 1 - tail)):
                e = 1 + GAINS * (z[:, None] / share - 1)
                self.bets[:, k, side] = (self.bets[:, k, side] + 1) * e
        return self.level() >= self.every

    def level(self):
        return self.bets.mean(axis=(1, 2, 3))

    def first_alarm(self, streams):
        """[streams, time, features] -> time of each stream's first alarm, counted from 1; 0 is never."""
        first = np.zeros(len(streams), dtype=np.int64)
        for t in range(streams.shape[1]):
            hit = self.update(streams[:, t]) & (first == 0)
            first[hit] = t + 1
        return first
