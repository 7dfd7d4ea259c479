"""What the watch sees of one drawing: numbers about the input tensor and about the probabilities."""
import numpy as np

NAMES = ["image.mean", "image.spread", "image.min", "image.max", "image.zero_share", "image.saturation_share",
         "image.centre_x", "image.centre_y", "image.border",
         "probabilities.top", "probabilities.entropy", "probabilities.margin", "probabilities.class"]


def features(images, probabilities):
    """float64 [n, 13]. Spread: population standard deviation. Saturation: share of values >= 0.999. Centre: mean
    column and row of the light above the darkest pixel, 0 to 1. Border: mean of the outermost pixels. Entropy in nats, 0 log 0 = 0. Margin: the highest
    probability minus the second. Class: the number of the highest."""
    flat = images.reshape(len(images), -1).astype(np.float64)
    p = probabilities.astype(np.float64)
    ranked = np.sort(p, axis=1)
    entropy = -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=1)
    return np.stack([
        flat.mean(axis=1), flat.std(axis=1), flat.min(axis=1), flat.max(axis=1),
        (flat == 0).mean(axis=1), (flat >= 0.999).mean(axis=1),
        centre(images, -1), centre(images, -2), border(images),
        ranked[:, -1], entropy, ranked[:, -1] - ranked[:, -2], p.argmax(axis=1),
    ], axis=1)


def border(images):
    """float64 [n]: the mean of the outermost rows and columns of [n, 1, height, width]."""
    plane = images[:, 0].astype(np.float64)
    sides = [plane[:, 0], plane[:, -1], plane[:, 1:-1, 0], plane[:, 1:-1, -1]]
    return np.concatenate(sides, axis=1).mean(axis=1)


def centre(images, axis):
    """float64 [n]: where the light lies along an axis of [n, 1, height, width]; 0.5 where there is none."""
    light = images.astype(np.float64) - images.min(axis=(1, 2, 3), keepdims=True)
    along = light.sum(axis=(1, -1 if axis == -2 else -2))
    whole = along.sum(axis=1)
    middles = (np.arange(along.shape[1]) + 0.5) / along.shape[1]
    return np.where(whole > 0, along @ middles / np.where(whole > 0, whole, 1), 0.5)
