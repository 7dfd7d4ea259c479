// Cloud against device from what is given: every formula that can be computed, with its numbers in place, what is left out and why,
// and from how many requests on the device is cheaper.
// Invariant: what is not given counts for nothing and is named; a number that cannot be is refused.
import { isBetween } from '../between.js';
import type { ErrorCode } from '../errors.js';
import { shown } from '../shown.js';
import { evaluate, formatNumber, namesIn, readable } from './expression.js';
import { costFields, fieldNames } from './fields.js';
import type { CostFieldName, CostInput } from './fields.js';
import { entries } from './formulas.js';
import type { CostFormulaName } from './formulas.js';

/** A formula that was computed. */
export interface CostLine {
  /** By which others use it. */
  readonly name: CostFormulaName;
  /** In words. */
  readonly label: string;
  /** `money` stands for the currency. */
  readonly unit: string;
  /** As people read it; sums hold what is known. */
  readonly formula: string;
  /** The same with the numbers. */
  readonly inserted: string;
  /** What comes out. */
  readonly value: number;
}

/** A formula that was not computed. */
export interface CostLeftOut {
  /** By which others use it. */
  readonly name: CostFormulaName;
  /** In words. */
  readonly label: string;
  /** `money` stands for the currency. */
  readonly unit: string;
  /** Names of fields that were not given, and of formulas that could not be computed. */
  readonly missing: readonly string[];
  /** Whether one of them would do. */
  readonly oneIsEnough: boolean;
}

/** From how many requests on the device is cheaper. */
export type BreakEven = BreakEvenAt | BreakEvenNowhere | BreakEvenUnknown;

/** At so many requests both cost the same. */
export interface BreakEvenAt {
  /** There is one. */
  readonly kind: 'at';
  /** Of one user in a month. */
  readonly requestsPerUserMonth: number;
  /** Of one visit. */
  readonly requestsPerVisit: number;
}

/** One of them is cheaper at any number of requests, or neither. */
export interface BreakEvenNowhere {
  /** `always`: the device, from the first request on; `never`: the device, however many there are; `equal`: both cost the same. */
  readonly kind: 'always' | 'never' | 'equal';
}

/** One of the sides has no number. */
export interface BreakEvenUnknown {
  /** It cannot be told. */
  readonly kind: 'unknown';
  /** The formulas that could not be computed. */
  readonly missing: readonly string[];
}

/** Cloud against device. */
export interface CostReport {
  /** The numbers that it is made of. */
  readonly given: CostInput;
  /** Fields that were not given. */
  readonly notGiven: readonly CostFieldName[];
  /** Every formula that could be computed, in order. */
  readonly lines: readonly CostLine[];
  /** Every formula that could not, and why. */
  readonly leftOut: readonly CostLeftOut[];
  /** From how many requests on the device is cheaper. */
  readonly breakEven: BreakEven;
  /** At `requestsPerUserMonth`; null where that or one of the sides is not known. */
  readonly cheaper: 'cloud' | 'device' | 'equal' | null;
  /** What came out, by name. */
  readonly values: Readonly<Partial<Record<CostFormulaName, number>>>;
}

/** Throws an InsituError; the package and the command line each have their own. */
export type Fail = (code: ErrorCode, message: string, hint?: string) => never;

/** Whether a number can be what the field says, or what is wrong with it. */
export function problemOf(name: CostFieldName, value: unknown): string | undefined {
  const { least, most } = costFields[name];
  if (isBetween(value, least, most)) return undefined;
  return typeof value !== 'number' || Number.isNaN(value) ? 'not a number' : value < least ? `less than ${least}` : `more than ${most}`;
}

export function report(fail: Fail, input: CostInput): CostReport {
  const given = checked(fail, input);
  const known: Record<string, number> = { ...given };
  const exact = new Set<string>(Object.keys(given));
  const insert = (name: string) => formatNumber(known[name]!, exact.has(name) ? 15 : 6);
  const lines: CostLine[] = [], leftOut: CostLeftOut[] = [];
  const meaningless = new Set<string>();
  for (const [name, { label, unit, text, mayBeEmpty = false, when }] of entries) {
    const names = typeof text === 'string' ? namesIn(text) : text;
    const missing = names.filter((needed) => known[needed] === undefined);
    const isSum = typeof text !== 'string';
    if (isSum ? missing.length === names.length && !mayBeEmpty : missing.length > 0) {
      if (missing.some((needed) => meaningless.has(needed))) meaningless.add(name);
      else leftOut.push({ name, label, unit, missing, oneIsEnough: isSum });
      continue;
    }
    const used = isSum ? names.filter((needed) => known[needed] !== undefined).join(' + ') || '0' : text;
    const value = when === undefined || when(known) ? evaluate(used, known) : NaN;
    if (!Number.isFinite(value)) {
      meaningless.add(name);
      continue;
    }
    known[name] = value;
    lines.push({ name, label, unit, formula: readable(used), inserted: readable(used, insert), value });
  }
  const values = Object.fromEntries(lines.map(({ name, value }) => [name, value])) as CostReport['values'];
  return {
    given, notGiven: fieldNames.filter((name) => given[name] === undefined), lines, leftOut,
    breakEven: breakEvenOf(values), cheaper: cheaperOf(values.cloudPerUserMonth, values.devicePerUserMonth), values,
  };
}

function checked(fail: Fail, input: CostInput): CostInput {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return fail('InvalidArgument', `what a comparison is made of is ${shown(input)}`, 'Pass an object of numbers.');
  }
  const given: CostInput = {};
  for (const [name, value] of Object.entries(input)) {
    if (!Object.hasOwn(costFields, name)) fail('InvalidArgument', `there is no number '${name}'`, `There are ${fieldNames.join(', ')}.`);
    if (value === undefined) continue;
    const field = name as CostFieldName, problem = problemOf(field, value), { least, most } = costFields[field];
    if (problem) fail('InvalidArgument', `${name} is ${shown(value)}: ${problem}`, `Pass a number from ${least} to ${most}, or leave it out.`);
    given[field] = value;
  }
  return given;
}

function breakEvenOf({ cloudPerRequest: cloud, devicePerRequest: device, ...values }: CostReport['values']): BreakEven {
  const { deliveryPerUserMonth: delivery, breakEvenPerUserMonth: at, breakEvenPerVisit: perVisit } = values;
  if (cloud === undefined || device === undefined || delivery === undefined) {
    return { kind: 'unknown', missing: [...(cloud === undefined ? ['cloudPerRequest'] : []), ...(delivery === undefined ? ['deliveryPerUserMonth'] : [])] };
  }
  if (at !== undefined && perVisit !== undefined && at > 0) return { kind: 'at', requestsPerUserMonth: at, requestsPerVisit: perVisit };
  if (at === 0) return { kind: 'always' };
  return { kind: delivery === 0 && cloud === device ? 'equal' : 'never' };
}

function cheaperOf(cloud: number | undefined, device: number | undefined): CostReport['cheaper'] {
  if (cloud === undefined || device === undefined) return null;
  return cloud === device ? 'equal' : cloud < device ? 'cloud' : 'device';
}
