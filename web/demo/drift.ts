// The drift panel: the detector's state, its evidence as a meter, and which features carry it.

import type { Monitor, MonitorSnapshot } from 'insitu';

import { byId, make, makeBar } from './dom.js';

const kNames: Record<string, string> = {
  'image.mean': 'mean ink',
  'image.spread': 'spread of ink',
  'image.min': 'lightest cell',
  'image.max': 'darkest cell',
  'image.zero_share': 'blank share',
  'image.saturation_share': 'full-ink share',
  'probabilities.top': 'top probability',
  'probabilities.entropy': 'uncertainty',
  'probabilities.margin': 'lead of the best',
};
/** From this share of the way to the alarm on, the meter says "rising". */
const kRising = 0.45;

export class DriftView {
  #monitor: Monitor;

  constructor(monitor: Monitor) {
    this.#monitor = monitor;
    const refresh = async (): Promise<void> => this.show(await monitor.snapshot());
    monitor.addEventListener('drift', () => void refresh());
    monitor.addEventListener('recovered', () => void refresh());
    byId('drift-reset').addEventListener('click', () => void this.#monitor.reset().then(refresh));
    void refresh();
  }

  show(snapshot: MonitorSnapshot): void {
    const { drift } = snapshot;
    const level = drift.state === 'drifting' ? 'drifting' : drift.meter >= kRising ? 'rising' : 'calm';
    const state = byId('drift-state');
    if (state.textContent !== level) state.textContent = level;
    state.dataset['level'] = level;
    byId('drift-count').textContent =
      drift.samples === 1 ? '1 finished drawing' : `${drift.samples} finished drawings`;
    const meter = byId('meter');
    const percent = Math.round(100 * drift.meter);
    meter.dataset['level'] = level;
    meter.setAttribute('aria-valuenow', String(percent));
    meter.setAttribute('aria-valuetext', `${level}, ${percent} %`);
    meter.querySelector('span')!.style.width = `${percent}%`;
    byId('features').replaceChildren(...drift.features.map((feature) => {
      const bar = makeBar();
      bar.set(feature.meter);
      const name = kNames[feature.name] ?? feature.name;
      const item = make('li', {}, make('span', { textContent: name }), bar.element);
      item.setAttribute('aria-label', `${name}: ${Math.round(100 * feature.meter)} %`);
      return item;
    }));
  }
}
