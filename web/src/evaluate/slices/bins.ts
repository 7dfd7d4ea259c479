// Columns as a few values each, of which automatic slices are made: categories as they are, numbers by their quantiles.
// Invariant: bins of numbers are [from, below), every sample with a number is in one, and none is empty.
import type { Attribute, Columns } from './columns.js';
import type { Condition } from './declared.js';

const fewNumbers = 10, mostCategories = 50, quantiles = 4;

export interface Binned {
  column: string;
  /** Of every sample, which of `values`; -1 where nothing is known. */
  bins: Int32Array;
  values: { name: string; where: Condition }[];
}

/** A column that no slices are made of. */
export interface SkippedColumn {
  /** Its name. */
  readonly column: string;
  /** Why it is not looked at. */
  readonly why: string;
}

export function binColumns(columns: Columns): { binned: Binned[]; skipped: SkippedColumn[] } {
  const binned: Binned[] = [], skipped: SkippedColumn[] = [];
  for (const column of columns.names) {
    const entries = columns.of(column), known = new Set(entries.filter((entry) => entry !== null));
    const numeric = [...known].every((entry) => typeof entry === 'number');
    if (known.size < 2) skipped.push({ column, why: known.size === 0 ? 'it says nothing' : 'it says the same of every sample' });
    else if (numeric && known.size > fewNumbers) binned.push(byQuantiles(column, entries));
    else if (known.size > mostCategories) skipped.push({ column, why: `it has ${known.size} values` });
    else binned.push(byCategory(column, entries, [...known] as (string | number | boolean)[]));
  }
  return { binned, skipped };
}

function byCategory(column: string, entries: readonly Attribute[], known: (string | number | boolean)[]): Binned {
  known.sort((a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1));
  const places = new Map(known.map((value, i) => [value, i]));
  return {
    column, bins: Int32Array.from(entries, (entry) => (entry === null ? -1 : places.get(entry)!)),
    values: known.map((is) => ({ name: `${column} = ${is}`, where: { column, is } })),
  };
}

function byQuantiles(column: string, entries: readonly Attribute[]): Binned {
  const sorted = Float64Array.from(entries.filter((entry) => entry !== null) as number[]).sort();
  const cuts = new Set<number>();
  for (let i = 1; i < quantiles; i++) cuts.add(sorted[Math.floor((i * sorted.length) / quantiles)]!);
  cuts.delete(sorted[0]!);
  // Most samples have the least value: the others are apart from them.
  if (cuts.size === 0) cuts.add(sorted.find((value) => value > sorted[0]!)!);
  const bounds = [...cuts];
  const shown = (value: number) => String(Number(value.toPrecision(6)));
  const values = [undefined, ...bounds].map((from, i) => {
    const below = bounds[i];
    const name = from === undefined ? `${column} < ${shown(below!)}` : below === undefined ? `${column} >= ${shown(from)}` : `${shown(from)} <= ${column} < ${shown(below)}`;
    return { name, where: { column, ...(from !== undefined && { from }), ...(below !== undefined && { below }) } as Condition };
  });
  const bins = Int32Array.from(entries, (entry) => (entry === null ? -1 : bounds.filter((bound) => bound <= (entry as number)).length));
  return { column, bins, values };
}
