// Strokes: what the pad records, in units of the canvas side, and how they become the network's input.
// Invariant: the same drawing gives the same 28 x 28 numbers on every screen: strokes are painted on a
// canvas of 280 x 280 pixels whatever the display, then reduced by exact area averaging. Ink is 1, paper 0.

export interface Point { x: number; y: number }
export type Stroke = Point[];

export const kSide = 280;
export const kCells = 28;

/** Paints strokes with a round pen of `pen` / 280 of the side on a square of `side` pixels. */
export function paint(context: CanvasRenderingContext2D, strokes: readonly Stroke[], side: number,
                      pen: number): void {
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.lineWidth = (pen / kSide) * side;
  for (const stroke of strokes) {
    const [first, ...rest] = stroke;
    if (!first) continue;
    context.beginPath();
    context.moveTo(first.x * side, first.y * side);
    for (const point of rest) context.lineTo(point.x * side, point.y * side);
    if (rest.length === 0) context.lineTo(first.x * side + 0.01, first.y * side);
    context.stroke();
  }
}

/** Turns strokes into the network's input: 784 numbers, row by row. */
export class Rasterizer {
  #context: CanvasRenderingContext2D;

  constructor() {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = kSide;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('This browser has no 2D canvas, which the drawing pad needs.');
    this.#context = context;
  }

  rasterize(strokes: readonly Stroke[], pen: number, inverted: boolean): Float32Array {
    const context = this.#context;
    context.clearRect(0, 0, kSide, kSide);
    context.strokeStyle = '#000';
    paint(context, strokes, kSide, pen);
    const alpha = context.getImageData(0, 0, kSide, kSide).data;
    const cell = kSide / kCells;
    const sums = new Float32Array(kCells * kCells);
    for (let y = 0; y < kSide; ++y) {
      const row = Math.floor(y / cell) * kCells;
      for (let x = 0; x < kSide; ++x) {
        const index = row + Math.floor(x / cell);
        sums[index] = sums[index]! + alpha[(y * kSide + x) * 4 + 3]!;
      }
    }
    const whole = 255 * cell * cell;
    return sums.map((sum) => (inverted ? 1 - sum / whole : sum / whole));
  }
}
