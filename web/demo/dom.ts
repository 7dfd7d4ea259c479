// The few DOM helpers the panels share.

/** The element with that id; a missing one is a mistake in index.html. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no element #${id}.`);
  return element as T;
}

/** A new element with properties set and children appended. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K, properties: Partial<HTMLElementTagNameMap[K]> = {}, ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A horizontal bar whose filling is set in percent. */
export function makeBar(): { element: HTMLElement; set(share: number): void } {
  const fill = make('i');
  const element = make('span', { className: 'bar', ariaHidden: 'true' }, fill);
  return { element, set: (share) => { fill.style.width = `${(100 * share).toFixed(1)}%`; } };
}

/** Milliseconds with a precision that fits their size. */
export function milliseconds(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '–';
  return ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0);
}
