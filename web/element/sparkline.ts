// A line of the last values without axes: the largest is written beside it, and a sentence says it to those who cannot see it.
import { make, named } from './dom.js';
import { History } from './history.js';

const kWidth = 120;
const kHeight = 32;
const kNamespace = 'http://www.w3.org/2000/svg';

const shape = (tag: string, attributes: Record<string, string>): SVGElement => {
  const element = document.createElementNS(kNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

export class Sparkline {
  readonly element: HTMLElement;
  readonly #line = shape('path', { class: 'line' });
  readonly #area = shape('path', { class: 'area' });
  readonly #picture = shape('svg', { viewBox: `0 0 ${kWidth} ${kHeight}`, preserveAspectRatio: 'none', role: 'img' });
  readonly #most = make('span', { ariaHidden: 'true' });
  readonly #history = new History(1, kWidth);
  readonly #limit?: number;

  /** `limit`: the value of a dashed line at the top; without it the largest value is at the top. */
  constructor(limit?: number) {
    this.#limit = limit;
    this.#picture.append(this.#area, this.#line);
    if (limit) this.#picture.append(shape('path', { class: 'limit', d: `M0 1H${kWidth}` }));
    this.element = named(make('div', { hidden: true }, this.#picture, this.#most), 'chart');
  }

  /** Adds a value where `x` has grown since the last one. */
  push(x: number, value: number): void {
    if (x > (this.#history.xs.at(-1) ?? 0)) this.#history.push(x, [value]);
  }

  clear(): void {
    this.#history.clear();
    this.element.hidden = true;
  }

  draw(describe: (values: readonly number[]) => string, format: (value: number) => string): void {
    const values = this.#history.ys[0] as number[];
    this.element.hidden = values.length < 2;
    if (this.element.hidden) return;
    const most = Math.max(...values);
    const scale = (kHeight - 2) / (this.#limit ?? (most || 1));
    const step = kWidth / (values.length - 1);
    const line = values.map((value, i) => `${(i * step).toFixed(1)} ${(kHeight - 1 - value * scale).toFixed(1)}`).join('L');
    this.#line.setAttribute('d', `M${line}`);
    this.#area.setAttribute('d', `M0 ${kHeight}L${line}L${kWidth} ${kHeight}Z`);
    this.#picture.setAttribute('aria-label', describe(values));
    this.#most.textContent = format(this.#limit ?? most);
  }
}
