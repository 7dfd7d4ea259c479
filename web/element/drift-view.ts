// Whether inputs still look like the data the model was made for: the evidence against an alarm, in all and by feature.
import type { DriftAlarm, DriftFeature, DriftSnapshot, MonitorSnapshot } from 'insitu';

import { levelOf, make, named, setBar, Table, write } from './dom.js';
import type { Row } from './dom.js';
import { textOf } from './features.js';
import { count, counted, percent, short, sigmas } from './format.js';
import { Sparkline } from './sparkline.js';
import { section } from './view.js';
import type { View } from './view.js';

/** Of more features these are shown, the strongest first, until all are asked for. */
const kStrongest = 6;

export class DriftView implements View {
  readonly element: HTMLElement;
  readonly #value = make('b');
  readonly #label = make('span');
  readonly #meter = named(make('div', { role: 'meter', ariaLabel: 'Evidence of drift', ariaValueMin: '0', ariaValueMax: '100' }), 'meter');
  readonly #alarm = named(make('p', { hidden: true }), 'alarm');
  readonly #chart = new Sparkline(1);
  readonly #table = new Table('Evidence by feature; a full bar raises the alarm by itself',
    ['Feature', 'Evidence', 'Shift', 'Of late', 'Expected']);
  readonly #more = named(make('button', { type: 'button', ariaExpanded: 'false' }), 'button', 'more');
  readonly #note = named(make('p'), 'note');
  #all = false;
  #latest?: MonitorSnapshot;

  constructor(level: number) {
    this.element = section('drift', 'Drift', level, named(make('p', {}, this.#value, ' ', this.#label), 'lead'), this.#meter,
      this.#alarm, this.#chart.element, this.#table.element, this.#more, this.#note);
    this.#more.addEventListener('click', () => {
      this.#all = !this.#all;
      this.#more.ariaExpanded = String(this.#all);
      if (this.#latest) this.show(this.#latest);
    });
  }

  clear(): void {
    this.#chart.clear();
  }

  show(snapshot: MonitorSnapshot): void {
    this.#latest = snapshot;
    const { drift } = snapshot;
    const { share, value, label } = lead(drift);
    write(this.#value, value);
    write(this.#label, label);
    this.#meter.hidden = share === null;
    if (share !== null) {
      setBar(this.#meter, { share, level: drift.state === 'learning' ? '' : levelOf(share) });
      this.#meter.ariaValueNow = String(Math.round(100 * share));
      this.#meter.ariaValueText = `${value} ${label}`;
    }
    this.#alarm.hidden = drift.state !== 'drifting' || !drift.alarm;
    if (drift.alarm) write(this.#alarm, describeAlarm(drift.alarm, snapshot.outputs));
    if (drift.samples > 0) this.#chart.push(drift.samples, drift.meter);
    this.#chart.draw((values) =>
      `Evidence of drift, the last ${values.length} updates: now ${percent(values.at(-1)!)} of an alarm.`, () => 'alarm');
    this.#showFeatures(snapshot);
    write(this.#note, remarks(drift));
  }

  #showFeatures({ drift: { features }, outputs }: MonitorSnapshot): void {
    const strongest = features.toSorted((a, b) => b.meter - a.meter).slice(0, kStrongest);
    this.#table.show((this.#all ? features : strongest).map((feature) => row(feature, outputs)));
    this.#more.hidden = features.length <= kStrongest;
    write(this.#more, this.#all ? 'Only the strongest' : `All ${features.length} features`);
  }
}

type Outputs = MonitorSnapshot['outputs'];

const tensorOf = (feature: string): string => feature.slice(0, Math.max(feature.lastIndexOf('.'), 0));

/** Of a feature as the panel calls it. */
export const nameOf = (feature: string, outputs: Outputs): string => textOf(feature, tensorOf(feature) in outputs).name;

function row({ name, meter, observed, recentMean, shift, profileMean, profileStd }: DriftFeature, outputs: Outputs): Row {
  const of = tensorOf(name);
  const text = textOf(name, of in outputs);
  return {
    key: name, head: text.name, of: text.formula && of, title: [name, text.formula].filter(Boolean).join(' = '),
    cells: [
      { share: meter, level: levelOf(meter) },
      ...(observed > 0 ? [sigmas(shift), short(recentMean)] : ['–', '–']), `${short(profileMean)} ± ${short(profileStd)}`,
    ],
  };
}

function lead({ state, learning, meter, samples }: DriftSnapshot): { share: number | null; value: string; label: string } {
  if (learning) {
    return {
      share: learning.have / learning.need, value: percent(learning.have / learning.need),
      label: `of a profile learnt: ${count(learning.have)} of ${counted(learning.need, 'input')}`,
    };
  }
  if (state === 'off') return { share: null, value: 'Off', label: 'no profile to compare inputs with' };
  return { share: meter, value: percent(meter), label: `of the evidence for an alarm, ${counted(samples, 'sample')}` };
}

/* 'Changed since sample 312: brightness +2.1 σ, sharpness −1 σ.' */
function describeAlarm({ since, features }: DriftAlarm, outputs: Outputs): string {
  const moved = features.slice(0, 3).map(({ name, shift }) => nameOf(name, outputs) + (shift === null ? '' : ` ${sigmas(shift)}`));
  return `Changed since sample ${count(since)}: ${moved.join(', ')}.`;
}

function remarks({ profile, keptEvery, state, meter, recovery, failure }: DriftSnapshot): string {
  return [
    failure && `Learning failed: ${failure}.`,
    profile && `Compared with a profile of ${counted(profile.count, 'input')}.`,
    profile?.modelMatches === false && 'The profile was made with another model.',
    keptEvery > 1 && `Neighbours resemble each other: one in ${keptEvery} is looked at.`,
    state === 'calm' && meter >= 1 && 'Alarms come from 40 samples on.',
    state === 'drifting' && `${percent(recovery)} of the way back to calm.`,
  ].filter(Boolean).join(' ');
}
