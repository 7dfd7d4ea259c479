// The few DOM helpers the panels share.

import { make } from '../../element/dom.js';

export { make } from '../../element/dom.js';
export { milliseconds } from '../../element/format.js';

/** The element with that id; a missing one is a mistake in index.html. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no element #${id}.`);
  return element as T;
}

/** A horizontal bar whose filling is set in percent. */
export function makeBar(): { element: HTMLElement; set(share: number): void } {
  const fill = make('i');
  const element = make('span', { className: 'bar', ariaHidden: 'true' }, fill);
  return { element, set: (share) => { fill.style.width = `${(100 * share).toFixed(1)}%`; } };
}
