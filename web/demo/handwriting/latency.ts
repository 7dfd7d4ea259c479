// The latency panel: the last run as a stacked bar, the last runs as a chart, and the percentiles of all runs so far by stage.

import type { MonitorSnapshot } from 'insitu';

import { History } from '../../element/history.js';
import { LineChart } from '../common/chart.js';
import { byId, make, milliseconds } from '../common/dom.js';

const kStages = [
  ['preprocess', 'Painting', '--preprocess'],
  ['queue', 'Waiting', '--queue'],
  ['copyIn', 'Copy in', '--copy-in'],
  ['infer', 'Network', '--infer'],
  ['copyOut', 'Copy out', '--copy-out'],
] as const;
const kRemembered = 150;

export class LatencyView {
  #bar = byId('stages-bar');
  #rows = byId('stages');
  #history = new History(2, kRemembered);
  #chart = new LineChart(byId('latency-chart'), {
    lines: [{ label: 'whole request', colour: '--muted' }, { label: 'network', colour: '--infer' }],
    height: 110, format: (value) => (value === null ? '' : `${Number(value.toPrecision(2))} ms`),
  });

  forget(): void {
    this.#history.clear();
  }

  show({ latency }: MonitorSnapshot): void {
    const { last, warm, requests } = latency;
    if (!last) return;
    byId('total').textContent = milliseconds(last.total);
    if (requests > (this.#history.xs.at(-1) ?? 0)) this.#history.push(requests, [last.total, last.infer]);
    this.#chart.set(this.#history.xs, this.#history.ys,
      `The last ${this.#history.xs.length} runs: ${milliseconds(last.total)} ms now, of which ${milliseconds(last.infer)} ms network.`);
    this.#bar.replaceChildren(...kStages.map(([key, , colour]) => {
      const part = make('i');
      part.style.background = `var(${colour})`;
      part.style.flexGrow = String(Number.isFinite(last[key]) ? last[key] : 0);
      return part;
    }));
    const row = (key: (typeof kStages)[number][0] | 'total', name: string, colour?: string): HTMLElement => {
      const head = make('th', { scope: 'row' });
      if (colour) {
        const swatch = make('i');
        swatch.style.background = `var(${colour})`;
        head.append(swatch);
      }
      head.append(name);
      const { p50, p90, p95 } = warm[key];
      return make('tr', {}, head, ...[last[key], p50, p90, p95].map((ms) =>
        make('td', { textContent: milliseconds(ms) })));
    };
    this.#rows.replaceChildren(...kStages.map(([key, name, colour]) => row(key, name, colour)),
                               row('total', 'Total'));
  }
}
