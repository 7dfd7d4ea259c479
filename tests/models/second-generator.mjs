// A second generator of handwritten digits, which training never sees: other skeletons (elliptical arcs and
// straight runs), another kind of unsteadiness (mouse steps on whole pixels, hand drift as a random walk) and
// another rasterizer (a 280-pixel canvas with 2x2 samples a pixel, averaged 10x10).
// Seeded: the same seed gives the same drawings. Used by the tests of the model, the engine and the demo page.
// A drawing is a list of strokes, a stroke a list of [x, y] in units of the canvas side.

export const CANVAS = 280;
export const PEN = 18;
const SAMPLES = 2;

/** mulberry32: uniform in [0, 1). */
export function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Paths in a box 100 wide and 160 high: L to a point, A centre, radii, start and sweep in degrees
// (0 = right, 90 = down); M lifts the pen. An arc is joined to what came before by a straight run.
const arc = (cx, cy, rx, ry, from, sweep) => ['A', cx, cy, rx, ry, from, sweep];
const move = (x, y) => ['M', x, y];
const line = (x, y) => ['L', x, y];
const GLYPHS = [
  [
    [arc(50, 80, 42, 78, -80, -355)],
    [arc(50, 80, 50, 76, -100, 362)],
    [arc(50, 80, 36, 80, -60, -370)],
  ],
  [
    [move(50, 0), line(50, 160)],
    [move(22, 34), line(54, 2), line(54, 160)],
    [move(18, 40), line(52, 0), line(52, 158), move(20, 160), line(84, 160)],
    [move(58, 0), line(44, 160)],
  ],
  [
    [arc(48, 42, 42, 42, -165, 200), line(8, 158), line(94, 158)],
    [arc(50, 40, 38, 40, -150, 175), line(14, 156), line(90, 152)],
    [arc(46, 44, 42, 44, -140, 180), arc(26, 142, 18, 14, 90, 190), line(94, 156)],
  ],
  [
    [arc(46, 40, 38, 38, -150, 225), arc(46, 118, 44, 42, -80, 225)],
    [move(8, 4), line(84, 4), line(44, 62), arc(44, 110, 46, 48, -80, 220)],
    [arc(44, 42, 34, 40, -140, 200), arc(42, 116, 44, 42, -70, 205)],
  ],
  [
    [move(60, 0), line(6, 108), line(98, 108), move(70, 58), line(70, 160)],
    [move(16, 4), line(12, 82), line(90, 82), move(80, 4), line(80, 160)],
    [move(72, 160), line(72, 0), line(4, 104), line(98, 104)],
    [move(20, 0), arc(46, 50, 32, 34, 180, -150), move(82, 0), line(76, 160)],
  ],
  [
    [move(86, 2), line(20, 2), line(14, 68), arc(46, 108, 44, 50, -130, 270)],
    [move(18, 4), line(18, 66), arc(42, 110, 46, 48, -110, 240), move(18, 4), line(88, 4)],
    [move(80, 0), line(26, 6), line(18, 74), arc(44, 112, 40, 46, -120, 250)],
  ],
  [
    [move(72, 0), arc(90, 90, 78, 90, 225, -45), arc(52, 112, 42, 46, 180, -350)],
    [arc(80, 84, 70, 82, -100, -85), arc(48, 116, 38, 42, 170, -345)],
    [move(50, 0), line(14, 104), arc(50, 114, 38, 44, 180, -355)],
  ],
  [
    [move(6, 4), line(92, 4), line(38, 160)],
    [move(8, 6), line(90, 2), arc(150, 150, 108, 120, -135, -48)],
    [move(8, 4), line(94, 4), line(40, 160), move(26, 82), line(84, 78)],
    [move(8, 28), line(10, 4), line(92, 4), line(52, 158)],
  ],
  [
    [arc(50, 40, 34, 38, 80, 365), arc(50, 118, 42, 41, -80, 355)],
    [arc(50, 40, 36, 38, -30, -235), arc(50, 118, 40, 41, -100, 350), line(78, 22)],
    [arc(50, 38, 32, 36, 85, -362), arc(50, 116, 40, 42, -88, -360)],
  ],
  [
    [arc(46, 44, 40, 44, -15, -350), line(78, 160)],
    [arc(48, 42, 38, 40, 0, -355), line(84, 110), arc(46, 112, 38, 46, 0, 140)],
    [arc(50, 46, 40, 42, -30, -330), line(88, 160)],
    [arc(46, 42, 36, 40, -40, 350), move(84, 10), line(82, 160)],
  ],
];

// Capital letters that are no digits, one form each, in the same box.
const LETTERS = [
  [move(4, 160), line(50, 0), line(96, 160), move(22, 104), line(78, 104)],  // A
  [move(88, 4), line(14, 4), line(14, 158), line(90, 158), move(14, 80), line(72, 80)],  // E
  [move(90, 4), line(16, 4), line(16, 160), move(16, 78), line(74, 78)],  // F
  [move(10, 0), line(10, 160), move(90, 0), line(90, 160), move(10, 82), line(90, 82)],  // H
  [move(14, 0), line(14, 160), move(88, 2), line(16, 86), line(92, 160)],  // K
  [move(4, 160), line(12, 0), line(50, 96), line(88, 0), line(96, 160)],  // M
  [move(10, 160), line(10, 0), line(90, 160), line(90, 0)],  // N
  [move(16, 160), line(16, 2), arc(48, 42, 40, 40, -90, 180), line(16, 82), move(48, 82), line(92, 160)],  // R
  [move(4, 4), line(96, 4), move(50, 4), line(50, 160)],  // T
  [move(2, 0), line(26, 160), line(50, 60), line(74, 160), line(98, 0)],  // W
  [move(8, 0), line(92, 160), move(92, 0), line(8, 160)],  // X
  [move(6, 0), line(50, 78), move(94, 0), line(50, 78), line(50, 160)],  // Y
];

function outline(glyph) {
  const strokes = [];
  let pen = null;
  for (const [kind, ...v] of glyph) {
    if (kind === 'M') {
      strokes.push([[v[0], v[1]]]);
    } else if (kind === 'L') {
      strokes.at(-1).push([v[0], v[1]]);
    } else {
      const [cx, cy, rx, ry, from, sweep] = v;
      const steps = Math.ceil(Math.abs(sweep) / 9);
      if (pen === null) strokes.push([]);
      for (let i = 0; i <= steps; i++) {
        const angle = ((from + (sweep * i) / steps) * Math.PI) / 180;
        strokes.at(-1).push([cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)]);
      }
    }
    pen = strokes.at(-1).at(-1);
  }
  return strokes;
}

/** A hand with habits of its own; `draw(digit)` gives strokes, `next()` a digit at random and its strokes, `letter()` a letter's. */
export class Hand {
  #random;
  constructor(seed) {
    this.#random = random(seed * 7919 + 13);
    this.habit = GLYPHS.map((forms) => Math.floor(this.#random() * forms.length));
    this.height = this.#between(0.42, 0.84);
    this.width = this.#between(0.72, 1.2);
    this.lean = this.#between(-0.18, 0.42);
    this.tilt = this.#between(-9, 9);
    this.unsteady = this.#between(0.2, 2.4);
    this.speed = this.#between(4, 14);
    this.home = [this.#between(0.44, 0.56), this.#between(0.44, 0.56)];
  }

  #between(low, high) {
    return low + (high - low) * this.#random();
  }

  /** Sum of three uniforms: near enough to a bell, bounded. */
  #around(spread) {
    return (this.#random() + this.#random() + this.#random() - 1.5) * 1.4 * spread;
  }

  next() {
    const digit = Math.floor(this.#random() * 10);
    return { digit, strokes: this.draw(digit) };
  }

  draw(digit) {
    const forms = GLYPHS[digit];
    const other = this.#random() < 0.15;
    return this.#write(forms[other ? Math.floor(this.#random() * forms.length) : this.habit[digit]]);
  }

  letter() {
    return this.#write(LETTERS[Math.floor(this.#random() * LETTERS.length)]);
  }

  #write(glyph) {
    const high = this.height * (1 + this.#around(0.07));
    const wide = high * 0.62 * this.width * (1 + this.#around(0.06));
    const lean = this.lean + this.#around(0.04);
    const angle = ((this.tilt + this.#around(2.5)) * Math.PI) / 180;
    const at = this.home.map((c) => c + this.#around(0.035));
    const bow = this.#around(0.06);
    return outline(glyph).map((stroke) => {
      const placed = stroke.map(([gx, gy]) => {
        const v = gy / 160 - 0.5;
        const u = (gx / 100 - 0.5) * wide - lean * v * high * 0.6 + bow * high * (v * v - 0.1);
        const x = u * Math.cos(angle) - v * high * Math.sin(angle);
        const y = u * Math.sin(angle) + v * high * Math.cos(angle);
        return [at[0] + x, at[1] + y];
      });
      return this.#mouse(placed);
    });
  }

  /** Walks along the path in steps of a few pixels, drifting off it and back, on whole pixels. */
  #mouse(path) {
    const points = [];
    let [dx, dy] = [0, 0];
    let next = this.speed;
    const put = (x, y) => {
      dx = dx * 0.85 + this.#around(this.unsteady);
      dy = dy * 0.85 + this.#around(this.unsteady);
      const pixel = (v) => Math.min(CANVAS - 6, Math.max(6, Math.round(v)));
      const unit = (v) => Math.round((pixel(v) / CANVAS) * 1e5) / 1e5;
      const point = [unit(x * CANVAS + dx), unit(y * CANVAS + dy)];
      const last = points.at(-1);
      if (!last || last[0] !== point[0] || last[1] !== point[1]) points.push(point);
    };
    put(...path[0]);
    for (let i = 1; i < path.length; i++) {
      const [ax, ay] = path[i - 1];
      const [bx, by] = path[i];
      const long = Math.hypot(bx - ax, by - ay) * CANVAS;
      for (; next < long; next += this.speed * (0.6 + 0.8 * this.#random())) {
        put(ax + ((bx - ax) * next) / long, ay + ((by - ay) * next) / long);
      }
      next -= long;
    }
    put(...path.at(-1));
    return points;
  }
}

/** Strokes -> Float32Array of 28 x 28 (row by row), ink 1 on paper 0; `pen` is the diameter in canvas pixels. */
export function rasterize(strokes, pen = PEN) {
  const side = CANVAS * SAMPLES;
  const ink = new Uint8Array(side * side);
  const radius = (pen / 2) * SAMPLES;
  for (const stroke of strokes) {
    for (let i = 0; i < stroke.length; i++) capsule(ink, side, stroke[Math.max(0, i - 1)], stroke[i], radius);
  }
  const cell = side / 28;
  const image = new Float32Array(28 * 28);
  for (let y = 0; y < side; y++) {
    const row = Math.floor(y / cell) * 28;
    for (let x = 0; x < side; x++) {
      if (ink[y * side + x] === 1) image[row + Math.floor(x / cell)] += 1;
    }
  }
  return image.map((sum) => sum / (cell * cell));
}

function capsule(ink, side, from, to, radius) {
  const [ax, ay] = from.map((v) => v * side);
  const [bx, by] = to.map((v) => v * side);
  const [dx, dy] = [bx - ax, by - ay];
  const square = dx * dx + dy * dy || 1;
  const first = (a, b) => Math.max(0, Math.floor(Math.min(a, b) - radius));
  const last = (a, b) => Math.min(side - 1, Math.ceil(Math.max(a, b) + radius));
  for (let y = first(ay, by); y <= last(ay, by); y++) {
    const py = y + 0.5 - ay;
    for (let x = first(ax, bx), end = last(ax, bx); x <= end; x++) {
      const px = x + 0.5 - ax;
      const t = Math.min(1, Math.max(0, (px * dx + py * dy) / square));
      const [gx, gy] = [px - t * dx, py - t * dy];
      if (gx * gx + gy * gy <= radius * radius) ink[y * side + x] = 1;
    }
  }
}
