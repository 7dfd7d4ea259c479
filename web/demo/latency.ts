// The latency panel: the last run as a stacked bar, and the percentiles of all runs so far by stage.

import type { MonitorSnapshot } from 'insitu';

import { byId, make, milliseconds } from './dom.js';

const kStages = [
  ['queue', 'Waiting', '--queue'],
  ['copyIn', 'Copy in', '--copy-in'],
  ['infer', 'Network', '--infer'],
  ['copyOut', 'Copy out', '--copy-out'],
] as const;

export class LatencyView {
  #bar = byId('stages-bar');
  #rows = byId('stages');

  show(snapshot: MonitorSnapshot): void {
    const { last, warm } = snapshot.latency;
    byId('total').textContent = milliseconds(last?.total);
    this.#bar.replaceChildren(...kStages.map(([key, , colour]) => {
      const part = make('i');
      part.style.background = `var(${colour})`;
      part.style.flexGrow = String(last?.[key] ?? 0);
      return part;
    }));
    const row = (key: 'queue' | 'copyIn' | 'infer' | 'copyOut' | 'total', name: string, colour?: string): HTMLElement => {
      const head = make('th', { scope: 'row' });
      if (colour) {
        const swatch = make('i');
        swatch.style.background = `var(${colour})`;
        head.append(swatch);
      }
      head.append(name);
      const { p50, p90, p95 } = warm[key];
      return make('tr', {}, head, ...[last?.[key], p50, p90, p95].map((ms) =>
        make('td', { textContent: milliseconds(ms) })));
    };
    this.#rows.replaceChildren(...kStages.map(([key, name, colour]) => row(key, name, colour)),
                               row('total', 'Total'));
  }
}
