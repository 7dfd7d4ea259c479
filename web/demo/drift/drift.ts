// The drift panel: the detector's state, its evidence as a meter and over time, and every feature with its formula, its value
// and what it adds.

import type { DriftFeature, DriftSnapshot } from 'insitu';

import { short } from '../../element/format.js';
import { History } from '../../element/history.js';
import { LineChart } from '../common/chart.js';
import { make, makeBar } from '../common/dom.js';
import { textOf } from './features.js';

/** From this share of the way to the alarm on, the meter says "rising". */
const kRising = 0.65;
const kRemembered = 400;

export interface DriftElements {
  state: HTMLElement;
  count: HTMLElement;
  meter: HTMLElement;
  chart: HTMLElement;
  features: HTMLElement;
}

interface Row {
  item: HTMLElement;
  set(feature: DriftFeature): void;
}

export class DriftView {
  readonly #elements: DriftElements;
  /** What a sample is called: 'finished drawing'. */
  readonly #unit: string;
  readonly #history = new History(2, kRemembered);
  readonly #chart: LineChart;
  #rows = new Map<string, Row>();

  constructor(elements: DriftElements, unit: string) {
    this.#elements = elements;
    this.#unit = unit;
    this.#chart = new LineChart(elements.chart, {
      lines: [{ label: 'evidence', colour: '--infer' }, { label: 'alarm', colour: '--alarm', width: 1, dashed: true }],
      height: 120, most: 1.05, format: (value) => (value === null ? '' : `${Math.round(100 * value)} %`),
    });
  }

  forget(): void {
    this.#history.clear();
  }

  show(drift: DriftSnapshot): void {
    const level = drift.state === 'calm' && drift.meter >= kRising ? 'rising' : drift.state;
    const { state, count, meter } = this.#elements;
    if (state.textContent !== level) state.textContent = level;
    state.dataset['level'] = level;
    count.textContent = `${drift.samples.toLocaleString('en')} ${this.#unit}${drift.samples === 1 ? '' : 's'}`;
    const percent = Math.round(100 * drift.meter);
    meter.dataset['level'] = level;
    meter.setAttribute('aria-valuenow', String(percent));
    meter.setAttribute('aria-valuetext', `${level}, ${percent} %`);
    meter.querySelector('span')!.style.width = `${percent}%`;
    if (drift.samples > (this.#history.xs.at(-1) ?? 0)) this.#history.push(drift.samples, [drift.meter, 1]);
    this.#chart.set(this.#history.xs, this.#history.ys, `Evidence of drift over ${this.#unit}s: now ${percent} % of an alarm, ${level}.`);
    this.#showFeatures(drift.features);
  }

  #showFeatures(features: readonly DriftFeature[]): void {
    if (features.length !== this.#rows.size || features.some(({ name }) => !this.#rows.has(name))) {
      this.#rows = new Map(features.map((feature) => [feature.name, makeRow(feature.name)]));
      this.#elements.features.replaceChildren(...[...this.#rows.values()].map(({ item }) => item));
    }
    for (const feature of features) this.#rows.get(feature.name)!.set(feature);
  }
}

/* One feature: name and bar; opened, how it is computed and where it stands. */
function makeRow(feature: string): Row {
  const { name, formula } = textOf(feature);
  const bar = makeBar();
  const percent = make('span', { className: 'visually-hidden' });
  const facts = make('p', { className: 'facts' });
  const item = make('li', {}, make('details', {},
    make('summary', {}, make('span', { textContent: name }), bar.element, percent),
    make('p', {}, make('code', { textContent: formula })), facts));
  return {
    item,
    set({ meter, value, recentMean, profileMean, profileStd, shift, observed }) {
      bar.set(meter);
      item.dataset['level'] = meter >= 1 ? 'drifting' : meter >= kRising ? 'rising' : 'calm';
      percent.textContent = `${Math.round(100 * meter)} %`;
      facts.textContent = observed === 0
        ? `expected ${short(profileMean)} ± ${short(profileStd)}; not seen yet`
        : `last ${short(value)}, of late ${short(recentMean)}; expected ${short(profileMean)} ± ${short(profileStd)}` +
          (shift === null ? '' : `: ${shift >= 0 ? '+' : '−'}${short(Math.abs(shift))} σ`);
    },
  };
}
