// What the views of the panel are made of. Text reaches the page as text alone, and what has not changed is not touched, so
// that selections and the places of screen readers stay.

/** A new element with properties set and children appended. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K, properties: Partial<HTMLElementTagNameMap[K]> = {}, ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Marks what style sheets of the page reach as `::part(name)`, and ours as a class. */
export function named<E extends Element>(element: E, ...names: string[]): E {
  element.setAttribute('part', names.join(' '));
  element.classList.add(...names);
  return element;
}

/** The children of `host` by key, each made once: shown in the order asked for, gone when they are not asked for. */
export class Keyed<Item extends { readonly element: Element }> {
  readonly #host: Element;
  readonly #make: (key: string) => Item;
  #items = new Map<string, Item>();

  constructor(host: Element, makeItem: (key: string) => Item) {
    this.#host = host;
    this.#make = makeItem;
  }

  show(keys: readonly string[]): Item[] {
    const items = keys.map((key) => this.#items.get(key) ?? this.#make(key));
    this.#items = new Map(keys.map((key, i) => [key, items[i]!]));
    const { children } = this.#host;
    if (children.length !== items.length || items.some(({ element }, i) => children[i] !== element)) {
      this.#host.replaceChildren(...items.map(({ element }) => element));
    }
    return items;
  }
}

/** How far something has come, 0 to 1; `level` colours it. */
export interface Bar {
  readonly share: number;
  readonly level?: string;
}

/** Shares of an alarm: from here on its bar is that of a warning. */
const kRising = 0.65;

export const levelOf = (share: number): string => (share >= 1 ? 'bad' : share >= kRising ? 'warn' : 'good');

export function setBar(element: HTMLElement, { share, level = '' }: Bar): void {
  element.style.setProperty('--share', String(Math.min(Math.max(share, 0), 1)));
  element.dataset['level'] = level;
}

export interface Row {
  readonly key: string;
  readonly head: string;
  /** What stands behind the head, smaller. */
  readonly of?: string;
  readonly title?: string;
  readonly cells: readonly (string | Bar)[];
}

/** A table with a caption for those who cannot see it, and a head for each row. */
export class Table {
  readonly element: HTMLTableElement;
  readonly #rows: Keyed<{ element: HTMLTableRowElement }>;

  constructor(caption: string, heads: readonly string[]) {
    const body = make('tbody');
    this.element = named(make('table', {}, make('caption', { textContent: caption, className: 'unseen' }),
      make('thead', {}, make('tr', {}, ...heads.map((textContent) => make('th', { scope: 'col', textContent })))), body), 'table');
    this.#rows = new Keyed(body, () => ({
      element: make('tr', {}, make('th', { scope: 'row' }, make('span'), make('small')), ...heads.slice(1).map(() => make('td'))),
    }));
  }

  show(rows: readonly Row[]): void {
    this.element.hidden = rows.length === 0;
    const shown = this.#rows.show(rows.map(({ key }) => key));
    shown.forEach(({ element }, i) => {
      const { head, of = '', title = '', cells } = rows[i]!;
      const [first, ...others] = element.children as unknown as [HTMLElement, ...HTMLElement[]];
      write(first.children[0]!, head);
      write(first.children[1]!, of);
      first.title = title;
      cells.forEach((cell, k) => {
        const place = others[k]!;
        if (typeof cell === 'string') return write(place, cell);
        if (!place.firstChild) place.append(named(make('i'), 'bar'), make('span', { className: 'unseen' }));
        setBar(place.firstChild as HTMLElement, cell);
        write(place.lastElementChild!, `${Math.round(100 * cell.share)} %`);
      });
    });
  }
}

/** Terms with what is known of each; those that are undefined are left out. */
export class Facts {
  readonly element = named(make('dl'), 'facts');
  readonly #pairs = new Keyed(this.element, (term) => {
    const value = make('dd');
    return { element: make('div', {}, make('dt', { textContent: term }), value), value };
  });

  show(facts: Readonly<Record<string, string | undefined>>): void {
    const known = Object.entries(facts).filter(([, text]) => text !== undefined) as [string, string][];
    this.#pairs.show(known.map(([term]) => term)).forEach(({ value }, i) => write(value, known[i]![1]));
  }
}
