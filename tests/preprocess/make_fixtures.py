"""Writes the fixtures of tests/preprocess: what Pillow makes of images, and a mel spectrogram by librosa's formulas.

usage: /usr/bin/python3 tests/preprocess/make_fixtures.py    (needs Debian's python3-pil and python3-scipy)
Images are made of a formula that image_test.cc repeats, so that only results are stored: fixtures/images.bin, the bytes of the
cases of CASES one behind the other; fixtures/mel.bin, float32."""
import os
import numpy as np
import scipy.fft
from PIL import Image

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")
FILTERS = {"area": Image.Resampling.BOX, "bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
# width, height, to width, to height, filter, mode
CASES = [
    (97, 61, 40, 33, "bilinear", "RGB"),
    (97, 61, 40, 33, "area", "RGB"),
    (97, 61, 40, 33, "bicubic", "RGB"),
    (31, 47, 64, 50, "bilinear", "RGB"),
    (31, 47, 64, 50, "area", "RGB"),
    (31, 47, 64, 50, "bicubic", "RGB"),
    (50, 40, 50, 7, "bilinear", "RGB"),
    (50, 40, 9, 40, "area", "RGB"),
    (97, 61, 40, 33, "bilinear", "L"),
    (5, 3, 1, 1, "bilinear", "RGB"),
]


def picture(width, height):
    """Smooth colours with hard edges and extremes, as image_test.cc makes them."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    red = (x * 7 + y * 3) % 256
    green = np.where((x // 5 + y // 4) % 2 == 0, 255, 0)
    blue = (x * x + y * y * 3) % 251
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def images():
    parts = []
    for width, height, to_width, to_height, name, mode in CASES:
        image = Image.fromarray(picture(width, height)).convert(mode)
        parts.append(np.asarray(image.resize((to_width, to_height), FILTERS[name])).tobytes())
    return b"".join(parts)


def mel_filters(rate, size, mels, low, high):
    to_mel = lambda hz: np.where(hz < 1000, hz * 3 / 200, 15 + np.log(np.maximum(hz, 1) / 1000) / (np.log(6.4) / 27))
    to_hz = lambda mel: np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))
    corners = to_hz(np.linspace(to_mel(np.array(low)), to_mel(np.array(high)), mels + 2))
    bins = np.fft.rfftfreq(size, 1 / rate)
    ramps = corners[:, None] - bins[None, :]
    gaps = np.diff(corners)
    rising, falling = -ramps[:-2] / gaps[:-1, None], ramps[2:] / gaps[1:, None]
    return np.maximum(0, np.minimum(rising, falling)) * (2 / (corners[2:] - corners[:-2]))[:, None]


def samples(count):
    """As audio_test.cc makes them: a rising tone and a click."""
    t = np.arange(count, dtype=np.float64)
    return (0.5 * np.sin(t * t / 4000) + (t % 997 == 0) * 0.25).astype(np.float32)


def mel():
    rate, size, hop, mels = 16000, 400, 160, 40
    x = np.pad(samples(4000).astype(np.float64), size // 2, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    frames = np.stack([x[i : i + size] * window for i in range(0, len(x) - size + 1, hop)])
    power = np.abs(scipy.fft.rfft(frames, axis=-1)) ** 2
    spectrum = mel_filters(rate, size, mels, 0, rate / 2) @ power.T
    db = 10 * np.log10(np.maximum(spectrum, 1e-10))
    return np.maximum(db, db.max() - 80).astype("<f4").tobytes()


os.makedirs(HERE, exist_ok=True)
for file, content in {"images.bin": images(), "mel.bin": mel()}.items():
    with open(os.path.join(HERE, file), "wb") as out:
        out.write(content)
