// A graph as boxes and lines of SVG that can be moved and zoomed by mouse, finger and keys.
// Invariant: only what is in and around the view is in the document; from afar, boxes are one path a colour, so that graphs of
// thousands of nodes stay quick.

import { kBox, type Layout, type Point } from './layout.js';

export interface Box {
  /** 'Conv', then smaller 'float32 1×16×28×28' and '12 µs · kernel'. */
  readonly lines: readonly [string, string, string];
  /** Colours it: 'xnnpack', 'kernel', 'reference', 'folded', 'value', 'unknown'. */
  readonly kind: string;
}

const kSvg = 'http://www.w3.org/2000/svg';
const kScale = { least: 0.02, most: 2.5, words: 0.4, step: 1.25 } as const;
const kMostBoxes = 350;
const kMove = 80;
const kDragged = 4;  // pixels: less is a press

function svg<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Record<string, string | number>, ...children: (Node | string)[]): SVGElementTagNameMap[K] {
  const element = document.createElementNS(kSvg, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

function pathOf([first, ...rest]: readonly Point[]): string {
  let path = `M${first!.x} ${first!.y}`, before = first!;
  for (const point of rest) {
    const middle = (before.y + point.y) / 2;
    path += before.x === point.x ? `V${point.y}` : `C${before.x} ${middle} ${point.x} ${middle} ${point.x} ${point.y}`;
    before = point;
  }
  return path;
}

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

export class Picture {
  readonly #host: HTMLElement;
  readonly #world = svg('g', {});
  readonly #selected: (index: number) => void;
  #layout: Layout = { places: [], routes: [], width: 0, height: 0 };
  #boxes: readonly Box[] = [];
  #view = { x: 0, y: 0, scale: 1 };
  #selection = -1;
  #drawn = { left: 0, top: 0, right: 0, bottom: 0, words: true };
  #asked = 0;
  #pointers = new Map<number, { x: number; y: number }>();

  constructor(host: HTMLElement, selected: (index: number) => void) {
    this.#host = host;
    this.#selected = selected;
    host.append(svg('svg', { width: '100%', height: '100%', 'aria-hidden': 'true' }, this.#world));
    host.addEventListener('keydown', (event) => this.#key(event));
    host.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    host.addEventListener('pointerdown', (event) => this.#down(event));
    host.addEventListener('pointermove', (event) => this.#move(event));
    for (const type of ['pointerup', 'pointercancel'] as const) host.addEventListener(type, (event) => this.#pointers.delete(event.pointerId));
    new ResizeObserver(() => this.#draw()).observe(host);
  }

  show(layout: Layout, boxes: readonly Box[]): void {
    this.#layout = layout;
    this.#selection = -1;
    this.update(boxes);
    this.fit();
  }

  /** The same graph with other words or colours. */
  update(boxes: readonly Box[]): void {
    this.#boxes = boxes;
    this.#draw();
  }

  /** As wide as the view, from the top, as long as it can be read or all of it is seen. */
  fit(): void {
    const { clientWidth: width, clientHeight: height } = this.#host, { width: w, height: h } = this.#layout;
    const whole = Math.min(width / Math.max(w, 1), height / Math.max(h, 1));
    const scale = Math.min(1, Math.max(whole, Math.min(width / Math.max(w, 1), 0.75), kScale.least));
    this.#look((width - w * scale) / 2, Math.max(0, (height - h * scale) / 2), scale);
  }

  zoom(factor: number, x = this.#host.clientWidth / 2, y = this.#host.clientHeight / 2): void {
    const scale = Math.min(kScale.most, Math.max(kScale.least, this.#view.scale * factor));
    const ratio = scale / this.#view.scale;
    this.#look(x - (x - this.#view.x) * ratio, y - (y - this.#view.y) * ratio, scale);
  }

  select(index: number, centre: boolean): void {
    this.#selection = index;
    const place = this.#layout.places[index];
    if (place && centre) {
      const scale = Math.max(this.#view.scale, 0.8);
      this.#look(this.#host.clientWidth / 2 - place.x * scale, this.#host.clientHeight / 2 - place.y * scale, scale);
    }
    this.#draw();
  }

  #choose(index: number, centre: boolean): void {
    if (index < 0 || index >= this.#boxes.length) return;
    this.select(index, centre);
    this.#selected(index);
  }

  #look(x: number, y: number, scale: number): void {
    this.#view = { x, y, scale };
    this.#asked ||= requestAnimationFrame(() => {
      this.#asked = 0;
      this.#world.setAttribute('transform', `translate(${this.#view.x} ${this.#view.y}) scale(${this.#view.scale})`);
      const { left, top, right, bottom } = this.#seen(0), drawn = this.#drawn;
      const wider = right - left < (drawn.right - drawn.left) / 4;
      if (left < drawn.left || top < drawn.top || right > drawn.right || bottom > drawn.bottom || wider || drawn.words !== this.#hasWords()) this.#draw();
    });
  }

  /* What is in view, and `more` of its size around it, in units of the layout. */
  #seen(more: number) {
    const { x, y, scale } = this.#view, width = this.#host.clientWidth / scale, height = this.#host.clientHeight / scale;
    return { left: -x / scale - more * width, top: -y / scale - more * height, right: -x / scale + (1 + more) * width, bottom: -y / scale + (1 + more) * height };
  }

  #hasWords = (): boolean => this.#view.scale >= kScale.words;

  #draw(): void {
    const { left, top, right, bottom } = this.#seen(0.6);
    const inside = (x: number, y: number): boolean =>
      x + kBox.width / 2 > left && x - kBox.width / 2 < right && y + kBox.height / 2 > top && y - kBox.height / 2 < bottom;
    const indices = this.#layout.places.flatMap(({ x, y }, i) => (inside(x, y) ? [i] : []));
    const words = this.#hasWords() && indices.length <= kMostBoxes;
    this.#drawn = { left, top, right, bottom, words: this.#hasWords() };
    const lines = this.#layout.routes.filter((route) => route[0]!.y < bottom && route.at(-1)!.y > top).map(pathOf).join('');
    const parts: SVGElement[] = [svg('path', { class: 'edge', d: lines })];
    if (words) parts.push(...indices.map((i) => this.#box(i)));
    else {
      const paths = new Map<string, string>();
      for (const i of indices) {
        const { x, y } = this.#layout.places[i]!, { kind } = this.#boxes[i]!;
        paths.set(kind, `${paths.get(kind) ?? ''}M${x - kBox.width / 2} ${y - kBox.height / 2}h${kBox.width}v${kBox.height}h${-kBox.width}z`);
      }
      parts.push(...[...paths].map(([kind, d]) => svg('path', { class: 'box', 'data-kind': kind, d })));
      if (indices.includes(this.#selection)) parts.push(this.#box(this.#selection));
    }
    this.#world.replaceChildren(...parts);
  }

  #box(index: number): SVGElement {
    const { x, y } = this.#layout.places[index]!, { lines, kind } = this.#boxes[index]!;
    return svg('g', { class: 'node', 'data-kind': kind, 'data-selected': String(index === this.#selection), transform: `translate(${x - kBox.width / 2} ${y - kBox.height / 2})` },
      svg('rect', { class: 'box', 'data-kind': kind, width: kBox.width, height: kBox.height, rx: 9 }),
      svg('text', { class: 'op', x: 12, y: 20 }, cut(lines[0], 21)),
      ...lines.slice(1).filter(Boolean).map((line, i) => svg('text', { x: 12, y: 37 + 16 * i }, cut(line, 26))));
  }

  #at(event: PointerEvent | WheelEvent): { x: number; y: number } {
    const { left, top } = this.#host.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#host.setPointerCapture(event.pointerId);
    this.#host.focus({ preventScroll: true });
    const start = this.#at(event);
    this.#pointers.set(event.pointerId, start);
    if (this.#pointers.size > 1) return;
    this.#host.addEventListener('pointerup', (up) => {
      const end = this.#at(up);
      if (Math.hypot(end.x - start.x, end.y - start.y) < kDragged) this.#choose(this.#under(end), false);
    }, { once: true });
  }

  #under({ x, y }: Point): number {
    const at = { x: (x - this.#view.x) / this.#view.scale, y: (y - this.#view.y) / this.#view.scale };
    return this.#layout.places.findIndex((place) => Math.abs(place.x - at.x) <= kBox.width / 2 && Math.abs(place.y - at.y) <= kBox.height / 2);
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = this.#at(event);
    const [other] = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    if (other) {
      const spread = (at: Point): number => Math.max(Math.hypot(at.x - other.x, at.y - other.y), 1);
      this.zoom(spread(now) / spread(before), other.x, other.y);
    } else this.#look(this.#view.x + now.x - before.x, this.#view.y + now.y - before.y, this.#view.scale);
    this.#pointers.set(event.pointerId, now);
  }

  /* Of a page that is being scrolled past, the wheel is the page's. */
  #wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== this.#host) return;
    event.preventDefault();
    const { x, y } = this.#at(event);
    this.zoom(kScale.step ** (-event.deltaY / 100), x, y);
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { x, y, scale } = this.#view;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.#look(x + kMove, y, scale), ArrowRight: () => this.#look(x - kMove, y, scale),
      ArrowUp: () => this.#look(x, y + kMove, scale), ArrowDown: () => this.#look(x, y - kMove, scale),
      '+': () => this.zoom(kScale.step), '=': () => this.zoom(kScale.step), '-': () => this.zoom(1 / kScale.step), 0: () => this.fit(),
      n: () => this.#choose(this.#selection + 1, true), p: () => this.#choose(this.#selection - 1, true),
    };
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}
