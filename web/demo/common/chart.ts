// Line charts over a count of runs or samples, drawn by uPlot in the colours of the page.
// Invariant: a chart is as wide as its host, follows the colour scheme, and has a sentence for those who cannot see it.
import uPlot from 'uplot';

import { make } from './dom.js';

export interface Line {
  label: string;
  /** A token of style.css. */
  colour: string;
  width?: number;
  dashed?: boolean;
  /** Values are points, without a line between them. */
  points?: boolean;
}

export interface ChartOptions {
  lines: readonly Line[];
  height: number;
  /** Of the vertical axis; it grows with the data where there is none. */
  most?: number;
  format(value: number | null): string;
}

const kAxisFont = '12px system-ui, sans-serif';

export class LineChart {
  readonly #host: HTMLElement;
  readonly #options: ChartOptions;
  readonly #legend = make('p', { className: 'legend', ariaHidden: 'true' });
  readonly #canvas = make('div', { className: 'chart-canvas' });
  #plot: uPlot | undefined;
  #data: uPlot.AlignedData;

  constructor(host: HTMLElement, options: ChartOptions) {
    this.#host = host;
    this.#options = options;
    this.#data = [[], ...options.lines.map(() => [])] as unknown as uPlot.AlignedData;
    host.setAttribute('role', 'img');
    this.#legend.append(...options.lines.map(({ label, colour, dashed, points }) => {
      const swatch = make('i', { className: points ? 'point' : dashed ? 'dashed' : '' });
      swatch.style.setProperty('--swatch', `var(${colour})`);
      return make('span', {}, swatch, label);
    }));
    host.replaceChildren(this.#canvas, this.#legend);
    new ResizeObserver(() => this.#fit()).observe(host);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#build());
    this.#build();
  }

  /** `xs` ascend; of each line as many values, null for none. `summary` is what a screen reader says of it. */
  set(xs: readonly number[], ys: readonly (readonly (number | null)[])[], summary: string): void {
    this.#data = [xs, ...ys] as unknown as uPlot.AlignedData;
    this.#plot?.setData(this.#data);
    this.#host.setAttribute('aria-label', summary);
  }

  #build(): void {
    const style = getComputedStyle(document.documentElement);
    const token = (name: string) => style.getPropertyValue(name).trim();
    const { lines, height, most, format } = this.#options;
    const axis = { stroke: token('--muted'), font: kAxisFont, grid: { stroke: token('--line'), width: 1 }, ticks: { show: false } };
    this.#plot?.destroy();
    this.#plot = new uPlot({
      width: Math.max(this.#host.clientWidth, 50), height,
      padding: [8, 14, 6, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false },
        y: { range: (_plot, _low, high) => [0, most ?? Math.max((high ?? 0) * 1.15, 1e-3)] },
      },
      axes: [
        { ...axis, size: 24, space: 60 },
        { ...axis, size: 44, space: 28, values: (_plot, values) => values.map((value) => format(value)) },
      ],
      series: [
        {},
        ...lines.map(({ colour, width = 2, dashed, points = false }) => ({
          stroke: token(colour), width, dash: dashed ? [6, 5] : undefined, spanGaps: false,
          points: { show: points, size: 11, fill: token(colour) },
        })),
      ],
    }, this.#data, this.#canvas);
  }

  #fit(): void {
    const width = this.#host.clientWidth;
    if (width > 0 && width !== this.#plot?.width) this.#plot?.setSize({ width, height: this.#options.height });
  }
}
