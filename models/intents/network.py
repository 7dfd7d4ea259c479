"""The network in numpy, and its training.

ids [n, length] -> embedding 48 -> windows of three tokens, 144 -> 128, ReLU -> the maximum over the tokens -> 64, ReLU -> labels.
Padding has the embedding 0 and no maximum: a text gives the same probabilities whatever it is padded to.
"""
import numpy as np

EMBEDDING, FILTERS, HIDDEN = 48, 128, 64
BATCH, EPOCHS, RATE, DECAY, SMOOTHING = 64, 6, 2e-3, 0.02, 0.05
DROP_WORD, DROP = 0.1, 0.4


def initial(tokens, labels, rng):
    scaled = lambda rows, columns: rng.normal(0, np.sqrt(2 / rows), (rows, columns))  # noqa: E731
    weights = {"embedding": rng.normal(0, 0.3, (tokens, EMBEDDING)), "windows.weight": scaled(3 * EMBEDDING, FILTERS),
               "windows.bias": np.zeros(FILTERS), "hidden.weight": scaled(FILTERS, HIDDEN), "hidden.bias": np.zeros(HIDDEN),
               "labels.weight": scaled(HIDDEN, labels), "labels.bias": np.zeros(labels)}
    return {name: value.astype(np.float32) for name, value in weights.items()}


def padded(rows):
    """int64 [n, length] of lists of ids, and the mask float32 [n, length, 1]. Padding is 0, the id of [PAD]."""
    length = max(map(len, rows))
    ids = np.zeros((len(rows), length), np.int64)
    for i, row in enumerate(rows):
        ids[i, :len(row)] = row
    return ids, (ids != 0).astype(np.float32)[:, :, None]


def windows(x):
    """[n, length, d] -> [n, length, 3 d]: what stands before, here and behind."""
    wide = np.pad(x, ((0, 0), (1, 1), (0, 0)))
    return np.concatenate([wide[:, :-2], wide[:, 1:-1], wide[:, 2:]], axis=2)


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def forward(w, rows, product=lambda x, weight, name: x @ weight):
    """float32 [n, labels] probabilities. `product` multiplies with the weight of that name."""
    ids, mask = padded(rows)
    x = windows(w["embedding"][ids] * mask)
    x = np.maximum(product(x, w["windows.weight"], "windows") + w["windows.bias"], 0)
    x = (x * mask).max(axis=1)
    x = np.maximum(product(x, w["hidden.weight"], "hidden") + w["hidden.bias"], 0)
    return softmax(product(x, w["labels.weight"], "labels") + w["labels.bias"])


def gradients(w, rows, wanted, rng):
    """Loss and gradients of one batch; `wanted`: float32 [n, labels]."""
    ids, mask = padded(rows)
    mask = mask * (rng.random(mask.shape) >= DROP_WORD)
    seen = windows(w["embedding"][ids] * mask)
    h1 = np.maximum(seen @ w["windows.weight"] + w["windows.bias"], 0) * mask
    best = h1.argmax(axis=1)
    keep = ((rng.random((len(rows), FILTERS)) >= DROP) / (1 - DROP)).astype(np.float32)
    pooled = np.take_along_axis(h1, best[:, None], 1)[:, 0] * keep
    h2 = np.maximum(pooled @ w["hidden.weight"] + w["hidden.bias"], 0)
    p = softmax(h2 @ w["labels.weight"] + w["labels.bias"])
    g = {}
    d3 = (p - wanted) / len(rows)
    g["labels.weight"], g["labels.bias"] = h2.T @ d3, d3.sum(axis=0)
    d2 = d3 @ w["labels.weight"].T * (h2 > 0)
    g["hidden.weight"], g["hidden.bias"] = pooled.T @ d2, d2.sum(axis=0)
    d1 = np.zeros_like(h1)
    np.put_along_axis(d1, best[:, None], (d2 @ w["hidden.weight"].T * keep)[:, None], 1)
    d1 *= (h1 > 0)
    flat = d1.reshape(-1, FILTERS)
    g["windows.weight"], g["windows.bias"] = seen.reshape(-1, 3 * EMBEDDING).T @ flat, flat.sum(axis=0)
    d0 = (flat @ w["windows.weight"].T).reshape(*ids.shape, 3, EMBEDDING)
    dx = d0[:, :, 1].copy()
    dx[:, :-1] += d0[:, 1:, 0]
    dx[:, 1:] += d0[:, :-1, 2]
    g["embedding"] = np.zeros_like(w["embedding"])
    np.add.at(g["embedding"], ids, dx * mask)
    return float(-(wanted * np.log(p + 1e-9)).sum() / len(rows)), g


def train(rows, labels, tokens, count, seed, log):
    """AdamW with a rate that falls along a cosine. `rows`: lists of ids."""
    rng = np.random.default_rng(seed)
    w = initial(tokens, count, rng)
    first = {name: np.zeros_like(value) for name, value in w.items()}
    second = {name: np.zeros_like(value) for name, value in w.items()}
    wanted = np.full((len(rows), count), SMOOTHING / count, np.float32)
    wanted[np.arange(len(rows)), labels] += 1 - SMOOTHING
    steps, step = EPOCHS * (len(rows) // BATCH), 0
    for epoch in range(EPOCHS):
        order, total = rng.permutation(len(rows)), 0.0
        for start in range(0, len(rows) - BATCH + 1, BATCH):
            at = order[start:start + BATCH]
            loss, g = gradients(w, [rows[i] for i in at], wanted[at], rng)
            total, step = total + loss, step + 1
            rate = RATE * min(1, step / 200) * 0.5 * (1 + np.cos(np.pi * step / steps))
            for name in w:
                first[name] += 0.1 * (g[name] - first[name])
                second[name] += 0.001 * (g[name] ** 2 - second[name])
                move = first[name] / (1 - 0.9**step) / (np.sqrt(second[name] / (1 - 0.999**step)) + 1e-8)
                w[name] -= np.float32(rate) * (move + (DECAY * w[name] if w[name].ndim > 1 else 0)).astype(np.float32)
        log(f"epoch {epoch + 1}/{EPOCHS}: loss {total / (len(rows) // BATCH):.4f}")
    return w
