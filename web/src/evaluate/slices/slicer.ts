// What evaluate() does for slices: notes what is known of each sample, and reports slice by slice.
// Invariant: conditions that say nothing are refused before there are samples; every labelled sample is noted once.
import type { Value } from 'insitu';
import type { ImageFeed } from '../../image-feed.js';
import type { Classes, Values } from '../gather.js';
import { isRight } from '../metrics/classification.js';
import { errorsOf } from '../metrics/regression.js';
import type { EvaluationOptions } from '../types.js';
import { classColumn, Columns } from './columns.js';
import type { Attribute } from './columns.js';
import { conditionOver } from './declared.js';
import { imageFeatures } from './image-features.js';
import { declaredSlices, findSlices } from './slices.js';
import type { Judged, Settings, SliceReport } from './slices.js';

export class Slicer {
  readonly #slices: NonNullable<EvaluationOptions['slices']>;
  readonly #columns = new Columns();

  constructor(slices: NonNullable<EvaluationOptions['slices']>) {
    if (slices !== 'auto') for (const [name, condition] of Object.entries(slices)) conditionOver(() => [], condition, name);
    this.#slices = slices;
  }

  add(feeds: Readonly<Record<string, Value | ImageFeed>>, metadata: Readonly<Record<string, Attribute>> | undefined): void {
    this.#columns.add({ ...imageFeatures(feeds), ...metadata });
  }

  report(gathered: Classes | Values, settings: Settings): SliceReport {
    const judged = judge(gathered, this.#columns);
    return this.#slices === 'auto' ? findSlices(judged, settings) : declaredSlices(judged, this.#slices, settings);
  }
}

function judge(gathered: Classes | Values, columns: Columns): Judged {
  if (gathered.task === 'regression') return { metric: 'mae', values: errorsOf(gathered, 1), columns };
  const withClass = new Columns();
  gathered.all.forEach(({ label }, i) => {
    const known = Object.fromEntries(columns.names.map((name) => [name, columns.of(name)[i]!]));
    withClass.add({ ...known, [classColumn]: gathered.name(label) });
  });
  return { metric: 'accuracy', values: Float64Array.from(gathered.all, (one) => Number(isRight(one))), columns: withClass };
}
