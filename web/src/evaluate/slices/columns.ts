// What is known of samples beside their feeds, column by column: metadata, the true class, features of images.
// Invariant: every column has an entry for every sample, null where nothing is known.
import { fail } from '../../fail.js';

/** What metadata say of a sample. */
export type Attribute = string | number | boolean | null;

export const classColumn = 'class';

export class Columns {
  readonly #columns = new Map<string, Attribute[]>();
  #count = 0;

  get names(): string[] {
    return [...this.#columns.keys()];
  }

  get count(): number {
    return this.#count;
  }

  of(name: string): readonly Attribute[] {
    return this.#columns.get(name) ?? fail('InvalidArgument', `there is no column '${name}'`, `There are ${this.names.map((one) => `'${one}'`).join(', ') || 'none'}.`);
  }

  /** Adds a sample. */
  add(attributes: Readonly<Record<string, Attribute>>): void {
    for (const [name, value] of Object.entries(attributes)) {
      let column = this.#columns.get(name);
      if (!column) this.#columns.set(name, column = new Array<Attribute>(this.#count).fill(null));
      column[this.#count] = value;
    }
    this.#count++;
    for (const column of this.#columns.values()) if (column.length < this.#count) column.push(null);
  }
}
