// What data for a model are to the commands: samples by number, read when they are asked for.
import type { Attribute } from '../../src/evaluate/slices/columns.js';
import type { Label, Sample } from '../../src/evaluate/types.js';
import type { Value } from '../../src/value.js';

export interface Dataset {
  readonly count: number;
  feeds(sample: number): Promise<Record<string, Value>>;
  /** What the data themselves say of a sample. */
  label?(sample: number): Label | undefined;
  metadata?(sample: number): Record<string, Attribute> | undefined;
  /** A file or a line; by default the number. */
  name?(sample: number): string;
}

/** As evaluate() takes them. */
export async function* samplesOf(dataset: Dataset): AsyncGenerator<Sample> {
  for (let i = 0; i < dataset.count; i++) {
    const [label, metadata, name] = [dataset.label?.(i), dataset.metadata?.(i), dataset.name?.(i)];
    yield { feeds: await dataset.feeds(i), ...(label !== undefined && { label }), ...(metadata && { metadata }), ...(name !== undefined && { name }) };
  }
}
