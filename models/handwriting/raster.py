"""Rasterizer: strokes of a round pen -> the 28x28 input of the model.

Equal in meaning to a square canvas on which every stroke is drawn with round caps and joins and then
averaged down by area: coverage is taken from the distance to the nearest pen path (a union, so strokes
that cross do not add up), at 4x4 points a cell with an edge ramp one point wide.
Drawings are lists of strokes, a stroke is an (n, 2) array of points (x right, y down) in units of the side.
"""
import numpy as np

SIZE = 28
SUB = 4
GRID = SIZE * SUB
LEVELS = 25500.0  # a 280-pixel canvas has 255 levels a pixel and 100 pixels a cell
PIECE = 0.03      # longest capsule drawn at once, in sides


def pieces(strokes):
    """(n, 4) capsule axes x0, y0, x1, y1, none longer than PIECE; a single point is a capsule of length 0."""
    parts = []
    for points in strokes:
        points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        if len(points) == 1:
            parts.append(np.concatenate([points, points], axis=1))
            continue
        a, b = points[:-1], points[1:]
        counts = np.maximum(1, np.ceil(np.hypot(*(b - a).T) / PIECE)).astype(np.int64)
        index = np.repeat(np.arange(len(a)), counts)
        step = np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
        t0 = (step / counts[index])[:, None]
        t1 = ((step + 1) / counts[index])[:, None]
        d = b[index] - a[index]
        parts.append(np.concatenate([a[index] + t0 * d, a[index] + t1 * d], axis=1))
    return np.concatenate(parts) if parts else np.zeros((0, 4))


def rasterize(strokes, pen):
    """One drawing as float32 [28, 28], ink 1 on paper 0; `pen` is the diameter in sides."""
    radius = pen / 2 * GRID
    axes = pieces(strokes) * GRID
    window = int(np.ceil(2 * radius + PIECE * GRID)) + 3
    margin = window + 2
    canvas = np.zeros((GRID + 2 * margin, GRID + 2 * margin), dtype=np.float32)
    reach = radius + 1
    low = np.floor(np.minimum(axes[:, :2], axes[:, 2:]) - reach).astype(np.int64)
    inside = np.all((low > -window) & (low < GRID), axis=1)
    axes, low = axes[inside], low[inside]
    d = (axes[:, 2:] - axes[:, :2]).astype(np.float32)
    square = np.maximum(np.sum(d * d, axis=1), np.float32(1e-12))
    offsets = np.arange(window, dtype=np.float32) + np.float32(0.5)
    rx = offsets - (axes[:, :1] - low[:, :1]).astype(np.float32)
    ry = offsets - (axes[:, 1:2] - low[:, 1:]).astype(np.float32)
    along = (rx * d[:, :1] / square[:, None])[:, None, :] + (ry * d[:, 1:] / square[:, None])[:, :, None]
    np.clip(along, 0, 1, out=along)
    gx = rx[:, None, :] - along * d[:, :1, None]
    gy = ry[:, :, None] - along * d[:, 1:, None]
    cover = np.sqrt(gx * gx + gy * gy)
    np.subtract(np.float32(radius + 0.5), cover, out=cover)
    np.clip(cover, 0, 1, out=cover)
    for (x, y), patch in zip((low + margin).tolist(), cover):
        view = canvas[y:y + window, x:x + window]
        np.maximum(view, patch, out=view)
    inner = canvas[margin:margin + GRID, margin:margin + GRID]
    cells = inner.reshape(SIZE, SUB, SIZE, SUB).mean(axis=(1, 3), dtype=np.float64)
    return (np.rint(cells * LEVELS) / LEVELS).astype(np.float32)


def rasterize_all(drawings, pens):
    """float32 [n, 1, 28, 28]."""
    out = np.zeros((len(drawings), 1, SIZE, SIZE), dtype=np.float32)
    for i, (strokes, pen) in enumerate(zip(drawings, pens)):
        out[i, 0] = rasterize(strokes, pen)
    return out
