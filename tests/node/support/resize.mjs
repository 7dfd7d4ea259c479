// Pillow's antialiased resize, written out: weights in 22 bits, rows first, bytes between the two passes.
// Reference: Pillow's src/libImaging/Resample.c.

const filters = {
  area: { reach: 0.5, weigh: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { reach: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) },
};
const bits = 22;

function weightsOf(size, scaled, { reach, weigh }) {
  const scale = size / scaled, widened = Math.max(scale, 1);
  return Array.from({ length: scaled }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - reach * widened + 0.5), 0);
    const end = Math.min(Math.trunc(centre + reach * widened + 0.5), size);
    const exact = Array.from({ length: end - first }, (_, tap) => weigh((tap + first - centre + 0.5) / widened));
    const sum = exact.reduce((all, one) => all + one, 0);
    return { first, weights: exact.map((one) => Math.trunc(0.5 + (one / sum) * 2 ** bits)) };
  });
}

const sumUp = (weights, read) => {
  const sum = weights.reduce((all, weight, tap) => all + weight * read(tap), 2 ** (bits - 1));
  return Math.min(255, Math.max(0, Math.floor(sum / 2 ** bits)));
};

/** `pixels`: width * height * 3 bytes. */
export function resize(pixels, width, height, toWidth, toHeight, filter) {
  const across = weightsOf(width, toWidth, filters[filter]), down = weightsOf(height, toHeight, filters[filter]);
  const narrow = new Uint8Array(toWidth * height * 3), result = new Uint8Array(toWidth * toHeight * 3);
  for (let y = 0; y < height; y++) across.forEach(({ first, weights }, x) => {
    for (let c = 0; c < 3; c++) narrow[(y * toWidth + x) * 3 + c] = width === toWidth ? pixels[(y * width + x) * 3 + c]
      : sumUp(weights, (tap) => pixels[(y * width + first + tap) * 3 + c]);
  });
  down.forEach(({ first, weights }, y) => {
    for (let i = 0; i < toWidth * 3; i++) result[y * toWidth * 3 + i] = height === toHeight ? narrow[y * toWidth * 3 + i]
      : sumUp(weights, (tap) => narrow[(first + tap) * toWidth * 3 + i]);
  });
  return result;
}

/** Smooth colours with hard edges, as tests/preprocess/make_fixtures.py makes them. */
export function picture(width, height) {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const green = (Math.floor(x / 5) + Math.floor(y / 4)) % 2 === 0 ? 255 : 0;
      data.set([(x * 7 + y * 3) % 256, green, (x * x + y * y * 3) % 251], (y * width + x) * 3);
    }
  }
  return { data, width, height };
}
