"""What the watch sees of one drawing: numbers about the input tensor and about the probabilities."""
import numpy as np

NAMES = ["image.mean", "image.spread", "image.min", "image.max", "image.zero_share", "image.saturation_share",
         "probabilities.top", "probabilities.entropy", "probabilities.margin"]


def features(images, probabilities):
    """float64 [n, 9]. Spread: population standard deviation. Saturation: share of values >= 0.999.
    Entropy in nats, 0 log 0 = 0. Margin: the highest probability minus the second."""
    flat = images.reshape(len(images), -1).astype(np.float64)
    p = probabilities.astype(np.float64)
    ranked = np.sort(p, axis=1)
    entropy = -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=1)
    return np.stack([
        flat.mean(axis=1), flat.std(axis=1), flat.min(axis=1), flat.max(axis=1),
        (flat == 0).mean(axis=1), (flat >= 0.999).mean(axis=1),
        ranked[:, -1], entropy, ranked[:, -1] - ranked[:, -2],
    ], axis=1)
