// The nodes as a table, which says all that the picture does: searched, sorted, and a part at a time.

import { byId, make } from '../common/dom.js';
import { bytes, microseconds, type Item } from './items.js';

const kAtOnce = 150;

const kOrders: Record<string, (a: Item, b: Item) => number> = {
  file: () => 0,
  time: (a, b) => (b.microseconds ?? -1) - (a.microseconds ?? -1),
  size: (a, b) => b.bytes - a.bytes,
};

export class NodeTable {
  readonly #chosen: (item: Item) => void;
  readonly #body = byId('node-rows');
  readonly #search = byId<HTMLInputElement>('node-search');
  readonly #order = byId<HTMLSelectElement>('node-order');
  readonly #more = byId('node-more');
  #items: readonly Item[] = [];
  #rows: readonly Item[] = [];
  #shown = 0;

  constructor(chosen: (item: Item) => void) {
    this.#chosen = chosen;
    this.#search.addEventListener('input', () => this.#list());
    this.#order.addEventListener('change', () => this.#list());
    this.#more.addEventListener('click', () => this.#add());
  }

  show(items: readonly Item[]): void {
    this.#items = items.filter(({ kind }) => kind === 'node');
    this.#list();
  }

  #list(): void {
    const words = this.#search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const has = ({ name, op, shape, where }: Item): boolean => {
      const text = `${name} ${op} ${shape} ${where?.on ?? ''}`.toLowerCase();
      return words.every((word) => text.includes(word));
    };
    this.#rows = this.#items.filter(has).sort(kOrders[this.#order.value]);
    this.#shown = 0;
    this.#body.replaceChildren();
    this.#add();
  }

  #add(): void {
    const next = this.#rows.slice(this.#shown, this.#shown + kAtOnce);
    this.#shown += next.length;
    this.#body.append(...next.map((item) => this.#row(item)));
    this.#more.hidden = this.#shown >= this.#rows.length;
    byId('node-count').textContent = this.#rows.length === 0 ? 'No node has that.'
      : `${this.#shown.toLocaleString('en')} of ${this.#rows.length.toLocaleString('en')} nodes`;
  }

  #row(item: Item): HTMLElement {
    const { name, op, shape, where } = item;
    const button = make('button', { type: 'button', textContent: op, title: name, className: 'node-name' });
    button.setAttribute('aria-label', `${op}, ${name}: show it`);
    button.addEventListener('click', () => this.#chosen(item));
    return make('tr', {}, make('th', { scope: 'row' }, button), make('td', { textContent: microseconds(item.microseconds), className: 'number' }),
      make('td', { textContent: where?.on ?? '' }), make('td', { textContent: shape }),
      make('td', { textContent: bytes(item.bytes), className: 'number' }), make('td', { textContent: name }));
  }
}
