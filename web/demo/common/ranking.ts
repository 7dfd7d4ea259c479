// Classes with their scores as bars, the best one first and in bold.

import { make, makeBar } from './dom.js';

export interface Ranked {
  readonly label: string;
  /** 0 to 1. */
  readonly score: number;
}

export class Ranking {
  readonly #host: HTMLElement;
  #rows: { label: HTMLElement; share: HTMLElement; set(share: number): void }[] = [];

  constructor(host: HTMLElement) {
    this.#host = host;
    host.classList.add('ranking');
  }

  show(ranked: readonly Ranked[]): void {
    while (this.#rows.length < ranked.length) this.#rows.push(this.#add());
    while (this.#rows.length > ranked.length) {
      this.#rows.pop();
      this.#host.lastElementChild!.remove();
    }
    this.#rows.forEach(({ label, share, set }, i) => {
      label.textContent = label.title = ranked[i]!.label;
      share.textContent = `${(100 * ranked[i]!.score).toFixed(1)} %`;
      set(ranked[i]!.score);
    });
  }

  #add() {
    const [label, share, bar] = [make('span'), make('span'), makeBar()];
    this.#host.append(make('li', {}, label, bar.element, share));
    return { label, share, set: bar.set };
  }
}
