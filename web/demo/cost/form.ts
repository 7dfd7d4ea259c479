// The fields of the comparison in groups: each with its unit, the name that formulas have for it, and where its number is from.
// Invariant: a field that is empty or wrong gives nothing; it says "not given", or what is wrong.

import type { InsituError } from 'insitu';
import { cost, costFields, type CostFieldName, type CostGroup, type CostInput } from 'insitu/cost';

import { unitIn } from '../../src/cost/words.js';
import { make } from '../common/dom.js';

/** Where the number of a field is from. */
export type Origin = 'measured' | 'example' | 'link' | 'typed';

const kTitles: Readonly<Record<CostGroup, string>> = {
  use: 'Use and times', instances: 'Cloud: instances', serverless: 'Cloud: serverless', transfer: 'Cloud: transfer',
  delivery: 'Device: delivery', energy: 'Energy', carbon: 'Carbon',
};
const kOrigins: Readonly<Record<Origin, string>> = { measured: 'measured here', example: 'example', link: 'from the link', typed: '' };
const kCurrency = /^[\p{L}\p{Sc}]{0,8}$/u;

interface Field {
  readonly input: HTMLInputElement;
  readonly unit: HTMLElement;
  readonly state: HTMLElement;
  origin: Origin;
}

const names = Object.keys(costFields) as CostFieldName[];

export class CostForm {
  readonly #fields = new Map<CostFieldName, Field>();
  readonly #currency = make('input', { id: 'cost-currency', type: 'text', maxLength: 8, autocomplete: 'off', spellcheck: false });

  constructor(host: HTMLElement, changed: () => void) {
    const groups = Object.entries(kTitles).map(([group, title]) =>
      make('fieldset', {}, make('legend', { textContent: title }), ...names.filter((name) => costFields[name].group === group).map((name) => this.#add(name))));
    const currency = make('div', { className: 'cost-field' }, make('label', { htmlFor: 'cost-currency', textContent: 'Currency of all prices' }), this.#currency);
    groups[0]!.append(currency);
    host.append(...groups);
    host.addEventListener('input', ({ target }) => {
      for (const field of this.#fields.values()) if (field.input === target) field.origin = 'typed';
      changed();
    });
  }

  #add(name: CostFieldName): HTMLElement {
    const { label } = costFields[name];
    const [unit, state] = [make('span', { className: 'unit' }), make('span')];
    const input = make('input', { id: `cost-${name}`, type: 'number', step: 'any', min: '0', inputMode: 'decimal', autocomplete: 'off' });
    input.setAttribute('aria-describedby', `cost-${name}-note`);
    this.#fields.set(name, { input, unit, state, origin: 'typed' });
    return make('div', { className: 'cost-field' }, make('label', { htmlFor: input.id }, label, ' ', unit), input,
      make('p', { id: `cost-${name}-note`, className: 'help' }, make('code', { textContent: name }), ' ', state));
  }

  /** '' where there is none, or what is there is none. */
  get currency(): string {
    const text = this.#currency.value.trim();
    return kCurrency.test(text) ? text : '';
  }

  set currency(text: string) {
    this.#currency.value = text;
  }

  /** Writes numbers into their fields; with `keep` only into those that are empty or were filled with what is of this origin. */
  fill(numbers: CostInput, origin: Origin, keep = false): void {
    for (const [name, value] of Object.entries(numbers) as [CostFieldName, number][]) {
      const field = this.#fields.get(name)!;
      if (keep && field.input.value !== '' && field.origin !== origin) continue;
      field.input.value = String(value);
      field.origin = origin;
    }
  }

  /** Empties all fields but those that were measured. */
  clear(): void {
    this.currency = '';
    for (const field of this.#fields.values()) if (field.origin !== 'measured') field.input.value = '';
  }

  hasOf(origin: Origin): boolean {
    return [...this.#fields.values()].some((field) => field.input.value !== '' && field.origin === origin);
  }

  /** What is given, and says at each field where it is from. */
  read(): CostInput {
    const given: CostInput = {};
    const { currency } = this;
    for (const [name, { input, unit, state, origin }] of this.#fields) {
      unit.textContent = unitIn(costFields[name].unit, currency);
      const problem = problemOf(name, input);
      const isGiven = input.value !== '' && !problem;
      if (isGiven) given[name] = input.valueAsNumber;
      state.textContent = problem ?? (isGiven ? kOrigins[origin] : 'not given');
      state.dataset['state'] = problem ? 'problem' : isGiven ? origin : 'none';
      input.placeholder = 'not given';
      input.setAttribute('aria-invalid', String(problem !== undefined));
    }
    return given;
  }
}

function problemOf(name: CostFieldName, input: HTMLInputElement): string | undefined {
  if (input.validity.badInput) return 'This is not a number.';
  if (input.value === '') return undefined;
  try {
    cost({ [name]: input.valueAsNumber });
    return undefined;
  } catch (error) {
    return (error as InsituError).toJSON().message.slice(`${name} `.length);  // which stands in front of it already
  }
}
