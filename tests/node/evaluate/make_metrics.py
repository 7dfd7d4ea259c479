#!/usr/bin/env python3
"""Writes metrics.json: metrics by scikit-learn and SciPy of data that the test makes anew, for tests/node/evaluate.test.mjs.

Needs numpy, scipy and sklearn (Debian: python3-sklearn; made with scikit-learn 1.2.1). Data are drawn by mulberry32, as
tests/support/random.mjs has it. usage: python3 make_metrics.py > metrics.json
"""
import json
import math

import numpy as np
from scipy import stats
from sklearn import metrics


def generator(seed):
    state = seed

    def following():
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = state
        t = ((t ^ (t >> 15)) * (t | 1)) & 0xFFFFFFFF
        t ^= (t + ((t ^ (t >> 7)) * (t | 61) & 0xFFFFFFFF)) & 0xFFFFFFFF
        return ((t ^ (t >> 14)) & 0xFFFFFFFF) / 2**32

    return following


def classification(seed, classes, count, steps):
    """Scores on a grid, so that some are equal, in float64; the true class has more."""
    draw = generator(seed)
    scores, labels = [], []
    for _ in range(count):
        label = math.floor(draw() * classes)
        row = [1 + math.floor(draw() * steps) for _ in range(classes)]
        row[label] += math.floor(draw() * steps)
        scores.append([x / sum(row) for x in row])
        labels.append(label)
    return np.array(scores), np.array(labels)


def ece(scores, labels, bins):
    """Guo et al. (2017): bins (low, high]."""
    confidence, right = scores.max(1), scores.argmax(1) == labels
    total = 0.0
    for i in range(bins):
        inside = (confidence > i / bins) & (confidence <= (i + 1) / bins)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


def of_classes(seed, classes, count, steps):
    scores, labels = classification(seed, classes, count, steps)
    predicted = scores.argmax(1)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(labels, predicted, labels=range(classes), zero_division=0)
    # sklearn orders equal scores by the higher index; here the lower one is first.
    order = np.argsort(-scores, axis=1, kind="stable")
    one_against_rest = [metrics.roc_auc_score(labels == k, scores[:, k]) for k in range(classes)]
    return {
        "seed": seed, "classes": classes, "count": count, "steps": steps,
        "accuracy": metrics.accuracy_score(labels, predicted),
        "top5": float(np.mean([labels[i] in order[i, :5] for i in range(count)])) if classes > 5 else None,
        "microF1": metrics.f1_score(labels, predicted, average="micro"),
        "macroF1": metrics.f1_score(labels, predicted, average="macro"),
        "auc": metrics.roc_auc_score(labels, scores, multi_class="ovr") if classes > 2 else one_against_rest[1],
        "logLoss": metrics.log_loss(labels, scores, labels=range(classes)),
        "ece": ece(scores, labels, 15),
        "perClass": [{"support": int(s), "precision": p, "recall": r, "f1": f, "auc": a}
                     for s, p, r, f, a in zip(support, precision, recall, f1, one_against_rest)],
    }


def of_values(seed, width, count):
    draw = generator(seed)
    truth = np.array([[draw() * 10 for _ in range(width)] for _ in range(count)])
    predicted = np.array([[x + draw() - 0.3 for x in row] for row in truth])
    return {
        "seed": seed, "width": width, "count": count, "mae": metrics.mean_absolute_error(truth, predicted),
        "mse": metrics.mean_squared_error(truth, predicted), "r2": metrics.r2_score(truth, predicted),
    }


def wilson(k, n, confidence):
    low, high = stats.binomtest(k, n).proportion_ci(confidence, method="wilson")
    return {"k": k, "n": n, "confidence": confidence, "low": low, "high": high}


welch = stats.ttest_ind([1.0, 2.5, 3.0, 4.5, 2.0], [3.0, 4.0, 5.5, 6.5, 5.0, 4.5], equal_var=False)
print(json.dumps({
    "classification": [of_classes(1, 2, 300, 6), of_classes(2, 7, 500, 9), of_classes(3, 4, 400, 3)],
    "regression": [of_values(4, 1, 200), of_values(5, 3, 150)],
    "wilson": [wilson(*each) for each in [(0, 10, 0.95), (10, 10, 0.95), (3, 17, 0.95), (991, 1000, 0.99), (1, 2, 0.5)]],
    "mcnemar": [{"onlyA": a, "onlyB": b, "p": stats.binomtest(a, a + b).pvalue} for a, b in [(3, 12), (12, 3), (5, 5), (40, 70), (0, 1), (500, 600)]],
    "benjaminiHochberg": {"p": [0.01, 0.04, 0.03, 0.005, 0.8, 0.03],
                          # statsmodels: multipletests(p, method='fdr_bh')[1], here by p.adjust's definition.
                          "adjusted": (lambda p: [min(1.0, min(p[j] * len(p) / (sorted(p).index(p[j]) + p.count(p[j])) for j in range(len(p)) if p[j] >= x)) for x in p])([0.01, 0.04, 0.03, 0.005, 0.8, 0.03])},
    # Twice the smaller tail, which SciPy's two-sided p is not.
    "fisher": [[*cells, min(1, 2 * min(stats.fisher_exact([cells[:2], cells[2:]], side)[1] for side in ("less", "greater")))]
               for cells in [(20, 20, 60, 20), (3, 27, 170, 30), (29, 1, 150, 20), (700, 300, 8100, 900)]],
    "welch": {"statistic": welch.statistic, "p": welch.pvalue},
}, indent=1))
