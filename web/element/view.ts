// The parts of the panel: each is a section with a heading that shows its piece of a snapshot.
import type { MonitorSnapshot } from 'insitu';

import { make, named } from './dom.js';

export interface View {
  readonly element: HTMLElement;
  show(snapshot: MonitorSnapshot): void;
  /** Forgets what it remembers of earlier snapshots. */
  clear?(): void;
}

export type HeadingLevel = 1 | 2 | 3 | 4 | 5 | 6;

export const heading = (level: number, text: string): HTMLHeadingElement =>
  make(`h${Math.min(level, 6) as HeadingLevel}`, { textContent: text });

/** `name` is its ::part; the heading's id is its own within the shadow tree. */
export function section(name: string, title: string, level: number, ...children: (Node | string)[]): HTMLElement {
  const head = heading(level, title);
  head.id = `${name}-title`;
  const element = named(make('section', {}, head, ...children), 'section', name);
  element.setAttribute('aria-labelledby', head.id);
  return element;
}
