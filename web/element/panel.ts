// What stands in the shadow tree of an <insitu-monitor>: the title with the state, the latest notice, the sections, the tools.
import type { MonitorSnapshot } from 'insitu';

import { make, named, write } from './dom.js';
import { kExports } from './download.js';
import type { Export } from './download.js';
import { DriftView } from './drift-view.js';
import { counted } from './format.js';
import { LatencyView } from './latency-view.js';
import type { Notice } from './news.js';
import { accuracyView, memoryView, qualityView, sliceView, sloView } from './status-views.js';
import { heading } from './view.js';
import type { View } from './view.js';

export interface PanelActions {
  reset(): void;
  export(what: Export): void;
}

export class Panel {
  readonly element: HTMLElement;
  readonly #title: HTMLElement;
  readonly #state = named(make('span', { hidden: true }), 'state');
  readonly #requests = named(make('span'), 'requests');
  readonly #notice = named(make('p', { role: 'status' }), 'notice');
  readonly #views: readonly View[];
  readonly #grid = named(make('div'), 'grid');
  readonly #tools: HTMLElement;

  constructor(level: number, actions: PanelActions) {
    this.#title = named(heading(level, ''), 'title');
    this.#views = [
      new LatencyView(level + 1), new DriftView(level + 1),
      ...[qualityView, accuracyView, sloView, sliceView, memoryView].map((view) => view(level + 1)),
    ];
    const parts = this.#views.map(({ element }) => element);
    this.#grid.append(named(make('div', {}, ...parts.slice(0, 2)), 'row'), named(make('div', {}, ...parts.slice(2)), 'row'));
    const button = (label: string, onclick: () => void) => named(make('button', { type: 'button', textContent: label, onclick }), 'button');
    this.#tools = named(make('div', { role: 'group', ariaLabel: 'Tools' },
      make('span', { textContent: 'Export' }),
      ...kExports.map((what) => {
        const one = button(what.label, () => actions.export(what));
        one.ariaLabel = `Export ${what.label}`;
        return one;
      }),
      named(button('Reset', actions.reset), 'button', 'reset')), 'tools');
    this.element = named(make('div', {}, named(make('header', {}, this.#title, this.#state, this.#requests), 'header'),
      this.#notice, this.#grid, this.#tools), 'panel');
    this.wait();
  }

  set title(text: string) {
    write(this.#title, text);
  }

  show(snapshot: MonitorSnapshot): void {
    this.#live(true);
    const [state, level] = stateOf(snapshot);
    this.#setState(state, level);
    write(this.#requests, counted(snapshot.latency.requests, 'request'));
    for (const view of this.#views) view.show(snapshot);
  }

  /** Says it, to those who cannot see the panel, too. */
  tell({ text, level }: Notice): void {
    this.#notice.dataset['level'] = level;
    write(this.#notice, text);
  }

  /** Forgets what was drawn and told, as after a reset. */
  clear(): void {
    this.tell({ text: '', level: '' });
    for (const view of this.#views) view.clear?.();
  }

  /** There is nothing to show yet. */
  wait(): void {
    this.clear();
    this.#live(false);
    this.#grid.hidden = true;
    this.#state.hidden = true;
    write(this.#requests, 'Waiting for a session');
  }

  /** What is shown is the last that was known. */
  end(text: string): void {
    this.#live(false);
    this.#setState('ended', '');
    this.tell({ text, level: 'warn' });
  }

  #setState(state: string, level: string): void {
    this.#state.hidden = false;
    this.#state.dataset['level'] = level;
    write(this.#state, state);
  }

  #live(live: boolean): void {
    if (live) this.#grid.hidden = false;
    this.#grid.classList.toggle('stale', !live);
    for (const button of this.#tools.querySelectorAll('button')) button.disabled = !live;
  }
}

/* The worst that is known, in a word. */
function stateOf({ drift, slo, accuracy }: MonitorSnapshot): [string, string] {
  if (drift.state === 'drifting') return ['drifting', 'bad'];
  if (accuracy?.errors?.state === 'drifting') return ['more errors', 'bad'];
  if (slo?.state === 'burning') return ['slow', 'warn'];
  if (drift.state === 'learning') return ['learning', ''];
  return drift.state === 'calm' ? ['calm', 'good'] : ['watching', ''];
}
