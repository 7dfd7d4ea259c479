// How long requests take, by stage. A percentile that has too few requests behind it is a dash, and a sentence says how many it needs.
import type { MonitorSnapshot, Stage, StageLatency } from 'insitu';

import { make, named, Table, write } from './dom.js';
import type { Row } from './dom.js';
import { count, counted, milliseconds, tally } from './format.js';
import { Sparkline } from './sparkline.js';
import { section } from './view.js';
import type { View } from './view.js';

const kStages: readonly (readonly [Stage, string])[] = [
  ['preprocess', 'Preprocess'], ['queue', 'Queue'], ['copyIn', 'Copy in'], ['infer', 'Inference'], ['copyOut', 'Copy out'],
  ['postprocess', 'Postprocess'], ['total', 'Total'],
];
const kQuantiles = ['p50', 'p90', 'p95', 'p99'] as const;

type Latency = MonitorSnapshot['latency'];

export class LatencyView implements View {
  readonly element: HTMLElement;
  readonly #value = make('b');
  readonly #label = make('span');
  readonly #chart = new Sparkline();
  readonly #table = new Table('Latency by stage in milliseconds', ['Stage', 'Share', 'p50', 'p90', 'p95', 'p99', 'Max']);
  readonly #note = named(make('p'), 'note');
  #before = { requests: 0, sum: 0 };

  constructor(level: number) {
    this.element = section('latency', 'Latency', level,
      named(make('p', {}, this.#value, ' ', this.#label), 'lead'), this.#chart.element, this.#table.element, this.#note);
  }

  clear(): void {
    this.#chart.clear();
    this.#before = { requests: 0, sum: 0 };
  }

  show({ latency }: MonitorSnapshot): void {
    const { total } = latency.warm;
    const [value, name] = leading(total);
    write(this.#value, value === null ? '–' : `${time(value, latency)} ms`);
    write(this.#label, value === null ? 'no request yet' : `${name} of ${counted(total.count, 'request')}`);
    this.#draw(latency);
    this.#table.show(kStages.filter(([stage]) => latency.warm[stage].count > 0).map((stage) => row(stage, latency)));
    write(this.#note, remarks(latency));
  }

  /* A point is the mean of all requests since the last one: as many points as snapshots, and no request is left out. */
  #draw({ cold, warm, hidden }: Latency): void {
    const sums = [cold, warm, hidden].map(({ total }) => [total.count, total.count * (total.meanMs ?? 0)] as const);
    const requests = sums.reduce((all, [each]) => all + each, 0);
    const sum = sums.reduce((all, [, each]) => all + each, 0);
    const { requests: known, sum: knownSum } = this.#before;
    if (requests < known) this.clear();
    else if (known > 0 && requests > known) this.#chart.push(requests, Math.max(sum - knownSum, 0) / (requests - known));
    this.#before = { requests, sum };
    this.#chart.draw((values) =>
      `Mean time of requests between updates, the last ${values.length}: now ${milliseconds(values.at(-1))} ms, ` +
      `at most ${milliseconds(Math.max(...values))} ms.`, (most) => `${milliseconds(most)} ms`);
  }
}

/* The best that can be said of so many requests in one number. */
function leading({ count: requests, p95, p50, meanMs }: StageLatency): readonly [number | null, string] {
  if (p95 !== null) return [p95, 'p95'];
  return p50 !== null ? [p50, 'median'] : [requests > 0 ? meanMs : null, 'mean'];
}

/* Zero stands for what lies below the step of the clock. */
const time = (ms: number | null, { clockStepMs }: Latency): string =>
  (ms === 0 ? `< ${Number(clockStepMs.toPrecision(1))}` : milliseconds(ms));

function row([stage, head]: readonly [Stage, string], latency: Latency): Row {
  const of = latency.warm[stage];
  const share = (of.meanMs ?? 0) / (latency.warm.total.meanMs || 1);
  return {
    key: stage, head, cells: [
      stage === 'total' ? '' : { share },
      ...kQuantiles.map((quantile) => time(of[quantile], latency)), time(of.maxMs, latency),
    ],
  };
}

function remarks({ cold, warm, hidden, failures, requests }: Latency): string {
  const { need = {}, count: have } = warm.total;
  const withheld = kQuantiles.filter((quantile) => need[quantile]).map((quantile) => `${quantile} from ${need[quantile]}`);
  const failed = tally(failures);
  return [
    requests > 0 && withheld.length > 0 && `${withheld.join(', ')} requests on; ${count(have)} so far.`,
    cold.total.count > 0 && `The first took ${milliseconds(cold.total.meanMs)} ms and is not among them.`,
    hidden.total.count > 0 && `${counted(hidden.total.count, 'request')} of a hidden page counted apart.`,
    failed && `Failed: ${failed}.`,
  ].filter(Boolean).join(' ');
}
