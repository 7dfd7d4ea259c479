// Colourful scenes for the drift lab: a sky, a ground, some strokes of a pen; and what may go wrong with a camera.
// Invariant: with the settings as they are at first, scenes come from one and the same distribution.

export const kSceneSide = 64;

export interface Trouble {
  /** Times everything. */
  brightness: number;
  /** Standard deviation of what is added to each value. */
  noise: number;
  /** How often each pixel is averaged with its neighbours. */
  blur: number;
  /** How much of red and blue is exchanged, 0 to 1. */
  swap: number;
  /** Width of the strokes, in pixels. */
  pen: number;
}

export const kNoTrouble: Readonly<Trouble> = { brightness: 1, noise: 0, blur: 0, swap: 0, pen: 4 };

export class SceneMaker {
  readonly #context: CanvasRenderingContext2D;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = kSceneSide;
    this.#context = canvas.getContext('2d', { willReadFrequently: true })!;
    this.#random = random;
  }

  /** Three planes of 64 x 64, red, green and blue, 0 to 1. */
  next(trouble: Readonly<Trouble>): Float32Array {
    this.#paint(trouble.pen);
    const { data } = this.#context.getImageData(0, 0, kSceneSide, kSceneSide);
    const size = kSceneSide * kSceneSide;
    let planes: Float32Array = new Float32Array(3 * size);
    for (let i = 0; i < size; ++i)
      for (let c = 0; c < 3; ++c) planes[c * size + i] = data[4 * i + c]! / 255;
    for (let i = 0; i < trouble.blur; ++i) planes = blurred(planes);
    if (trouble.swap > 0) swapEnds(planes, trouble.swap);
    const { brightness, noise } = trouble;
    if (brightness === 1 && noise === 0) return planes;
    return planes.map((value) => Math.min(1, Math.max(0, value * brightness + noise * this.#bell())));
  }

  #between(low: number, high: number): number {
    return low + (high - low) * this.#random();
  }

  /* Near enough to a normal number. */
  #bell(): number {
    return (this.#random() + this.#random() + this.#random() + this.#random() - 2) * Math.sqrt(3);
  }

  #paint(pen: number): void {
    const context = this.#context;
    const light = this.#between(52, 66);
    const sky = context.createLinearGradient(0, 0, this.#between(-20, 20), kSceneSide);
    sky.addColorStop(0, `hsl(${this.#between(22, 40)} ${this.#between(45, 70)}% ${light}%)`);
    sky.addColorStop(1, `hsl(${this.#between(8, 26)} ${this.#between(35, 55)}% ${light - 14}%)`);
    context.fillStyle = sky;
    context.fillRect(0, 0, kSceneSide, kSceneSide);
    context.fillStyle = `hsl(${this.#between(90, 130)} ${this.#between(25, 45)}% ${this.#between(24, 34)}%)`;
    const horizon = this.#between(40, 52);
    context.fillRect(0, horizon, kSceneSide, kSceneSide - horizon);
    context.lineWidth = pen * this.#between(0.85, 1.15);
    context.lineCap = 'round';
    for (let stroke = 0; stroke < 4; ++stroke) {
      context.strokeStyle = `hsl(${this.#between(0, 50)} 55% ${this.#between(12, 26)}%)`;
      context.beginPath();
      context.moveTo(this.#between(6, 58), this.#between(8, 56));
      context.quadraticCurveTo(this.#between(0, 64), this.#between(0, 64), this.#between(6, 58), this.#between(8, 56));
      context.stroke();
    }
  }
}

/* Each value with the eight around it; at the edges with those that are there. */
function blurred(planes: Float32Array): Float32Array {
  const side = kSceneSide, size = side * side;
  return planes.map((_, at) => {
    const plane = at - (at % size), y = Math.floor((at - plane) / side), x = (at - plane) % side;
    let sum = 0, count = 0;
    for (let v = Math.max(0, y - 1); v <= Math.min(side - 1, y + 1); ++v)
      for (let u = Math.max(0, x - 1); u <= Math.min(side - 1, x + 1); ++u) {
        sum += planes[plane + v * side + u]!;
        ++count;
      }
    return sum / count;
  });
}

function swapEnds(planes: Float32Array, share: number): void {
  const size = kSceneSide * kSceneSide;
  for (let i = 0; i < size; ++i) {
    const red = planes[i]!, blue = planes[2 * size + i]!;
    planes[i] = red + share * (blue - red);
    planes[2 * size + i] = blue + share * (red - blue);
  }
}
