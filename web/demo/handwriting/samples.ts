// Sample drawings for people who would rather press a key: simple digits with a little variation, and a
// scribble. Invariant: every point stays inside the pad.

import type { Point, Stroke } from './strokes.js';

/** Points on an ellipse around (x, y), from `start` to `end` degrees (clockwise, 0 is right). */
function arc(x: number, y: number, rx: number, ry: number, start: number, end: number): Point[] {
  const steps = Math.max(4, Math.round(Math.abs(end - start) / 12));
  return Array.from({ length: steps + 1 }, (_, i) => {
    const angle = ((start + ((end - start) * i) / steps) * Math.PI) / 180;
    return { x: x + rx * Math.cos(angle), y: y + ry * Math.sin(angle) };
  });
}

function line(...pairs: [number, number][]): Point[] {
  return pairs.map(([x, y]) => ({ x, y }));
}

const kDigits: Record<string, () => Stroke[]> = {
  0: () => [arc(0.5, 0.5, 0.19, 0.29, -80, 285)],
  1: () => [line([0.4, 0.32], [0.52, 0.2], [0.52, 0.8])],
  2: () => [[...arc(0.49, 0.36, 0.18, 0.16, 190, 390), ...line([0.3, 0.78], [0.71, 0.78])]],
  3: () => [[...arc(0.47, 0.35, 0.17, 0.15, 200, 445), ...arc(0.47, 0.64, 0.19, 0.16, 275, 520)]],
  4: () => [line([0.56, 0.2], [0.3, 0.6], [0.73, 0.6]), line([0.6, 0.38], [0.6, 0.82])],
  5: () => [line([0.68, 0.21], [0.4, 0.21], [0.37, 0.46]).concat(arc(0.48, 0.61, 0.19, 0.18, 235, 500))],
  6: () => [[...line([0.6, 0.2], [0.42, 0.38]), ...arc(0.49, 0.63, 0.16, 0.17, 190, 560)]],
  7: () => [line([0.3, 0.22], [0.7, 0.22], [0.45, 0.81])],
  8: () => [[...arc(0.5, 0.35, 0.14, 0.14, 90, -270).reverse(), ...arc(0.5, 0.65, 0.17, 0.16, -90, 270)]],
  9: () => [[...arc(0.5, 0.37, 0.16, 0.16, -20, -380), ...line([0.66, 0.36], [0.6, 0.82])]],
};

function varied(strokes: Stroke[], random: () => number): Stroke[] {
  const scale = 0.88 + 0.24 * random();
  const slant = -0.12 + 0.24 * random();
  const [dx, dy] = [0.1 * (random() - 0.5), 0.1 * (random() - 0.5)];
  return strokes.map((stroke) => stroke.map(({ x, y }) => {
    const [u, v] = [(x - 0.5) * scale, (y - 0.5) * scale];
    return {
      x: 0.5 + u - slant * v + dx + 0.006 * (random() - 0.5),
      y: 0.5 + v + dy + 0.006 * (random() - 0.5),
    };
  }));
}

/** A drawing of `digit`, '0' to '9'. */
export function sampleDigit(digit: string, random: () => number = Math.random): Stroke[] {
  const strokes = kDigits[digit];
  if (!strokes) throw new RangeError(`There is no sample of '${digit}'.`);
  return varied(strokes(), random);
}

/** A wild line all over the pad. */
export function sampleScribble(random: () => number = Math.random): Stroke[] {
  const points = Array.from({ length: 34 }, () => ({ x: 0.06 + 0.88 * random(), y: 0.06 + 0.88 * random() }));
  return [points];
}
