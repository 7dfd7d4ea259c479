// The drawing pad: mouse, touch, pen and keyboard make strokes; listeners hear of every change and of
// every finished drawing (pen up for 600 ms).
// Invariant: a drawing is reported finished once; the next stroke after that starts a new drawing.

import { kSide, paint, type Point, type Stroke } from './strokes.js';

const kFinishedAfterMs = 600;
const kKeyStep = 10 / kSide;

export interface PadEvents {
  changed(strokes: readonly Stroke[]): void;
  finished(strokes: readonly Stroke[]): void;
}

export class Pad {
  #canvas: HTMLCanvasElement;
  #context: CanvasRenderingContext2D;
  #events: PadEvents;
  #strokes: Stroke[] = [];
  #drawing = false;
  #done = false;
  #example = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #cursor: Point = { x: 0.5, y: 0.5 };
  #cursorShown = false;
  #pen = 18;
  #inverted = false;

  constructor(canvas: HTMLCanvasElement, events: PadEvents) {
    const context = canvas.getContext('2d');
    if (!context) throw new Error('This browser has no 2D canvas, which the drawing pad needs.');
    this.#canvas = canvas;
    this.#context = context;
    this.#events = events;
    canvas.addEventListener('pointerdown', (event) => this.#down(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    for (const type of ['pointerup', 'pointercancel'] as const)
      canvas.addEventListener(type, () => this.#up());
    canvas.addEventListener('keydown', (event) => this.#key(event));
    canvas.addEventListener('blur', () => { this.#cursorShown = false; this.#up(); this.#render(); });
    new ResizeObserver(() => this.#fit()).observe(canvas);
  }

  get strokes(): readonly Stroke[] { return this.#strokes; }
  /** Whether the strokes are those of showExample(). */
  get showsExample(): boolean { return this.#example; }
  get pen(): number { return this.#pen; }
  set pen(pen: number) { this.#pen = pen; this.#changed(); }
  get inverted(): boolean { return this.#inverted; }
  set inverted(inverted: boolean) { this.#inverted = inverted; this.#changed(); }

  clear(): void {
    clearTimeout(this.#timer);
    this.#strokes = [];
    this.#drawing = false;
    this.#done = this.#example = false;
    this.#changed();
  }

  /** Strokes that nobody has drawn: they are seen, but are no finished drawing; the next stroke takes their place. */
  showExample(strokes: Stroke[]): void {
    this.#strokes = strokes;
    this.#done = this.#example = true;
    this.#changed();
  }

  /** Replaces the drawing by a finished one. */
  show(strokes: Stroke[]): void {
    this.clear();
    this.#strokes = strokes;
    this.#changed();
    this.#finish();
  }

  #point(event: PointerEvent): Point {
    const box = this.#canvas.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#canvas.focus({ preventScroll: true });
    event.preventDefault();
    this.#cursorShown = false;
    this.#begin(this.#point(event));
  }

  #move(event: PointerEvent): void {
    if (!this.#drawing) return;
    const points = event.getCoalescedEvents?.() ?? [];
    for (const one of points.length > 0 ? points : [event]) this.#extend(this.#point(one));
    this.#changed();
  }

  #begin(point: Point): void {
    clearTimeout(this.#timer);
    if (this.#done) this.#strokes = [];
    this.#done = this.#example = false;
    this.#drawing = true;
    this.#strokes.push([point]);
    this.#changed();
  }

  #extend(point: Point): void {
    this.#strokes.at(-1)?.push(point);
  }

  #up(): void {
    if (!this.#drawing) return;
    this.#drawing = false;
    this.#timer = setTimeout(() => this.#finish(), kFinishedAfterMs);
  }

  #finish(): void {
    if (this.#strokes.length === 0 || this.#done) return;
    this.#done = true;
    this.#events.finished(this.#strokes);
  }

  #key(event: KeyboardEvent): void {
    const step = event.shiftKey ? kKeyStep / 4 : kKeyStep;
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step],
    };
    const move = moves[event.key];
    if (move) {
      this.#cursor = {
        x: Math.min(1, Math.max(0, this.#cursor.x + move[0])),
        y: Math.min(1, Math.max(0, this.#cursor.y + move[1])),
      };
      this.#cursorShown = true;
      if (this.#drawing) this.#extend({ ...this.#cursor });
      this.#changed();
    } else if (event.key === ' ') {
      this.#cursorShown = true;
      if (this.#drawing) this.#up();
      else this.#begin({ ...this.#cursor });
    } else {
      return;
    }
    event.preventDefault();
  }

  #fit(): void {
    const side = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    if (side === 0 || side === this.#canvas.width) return;
    this.#canvas.width = this.#canvas.height = side;
    this.#render();
  }

  #changed(): void {
    this.#render();
    this.#events.changed(this.#strokes);
  }

  #render(): void {
    const context = this.#context;
    const side = this.#canvas.width;
    context.fillStyle = this.#inverted ? '#10201f' : '#ffffff';
    context.fillRect(0, 0, side, side);
    context.strokeStyle = this.#inverted ? '#ffffff' : '#10201f';
    paint(context, this.#strokes, side, this.#pen);
    if (!this.#cursorShown) return;
    context.strokeStyle = '#0f9d8f';
    context.lineWidth = Math.max(2, side / 140);
    context.beginPath();
    context.arc(this.#cursor.x * side, this.#cursor.y * side, ((this.#pen / kSide) * side) / 2, 0,
                2 * Math.PI);
    context.stroke();
  }
}
