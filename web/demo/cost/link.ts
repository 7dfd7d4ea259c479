// A comparison as the part of an address behind #, which browsers do not send: #cost?currency=EUR&users=1000.
// Invariant: a link gives numbers of known names alone; whether they can be is for the form to say.

import { costFields, type CostFieldName, type CostInput } from 'insitu/cost';

export interface Linked {
  readonly numbers: CostInput;
  readonly currency: string;
  /** The name of the example that some of the numbers are of. */
  readonly example: string;
}

const kHead = '#cost';

export function hashOf({ numbers, currency, example }: Linked): string {
  const parameters = new URLSearchParams(Object.entries(numbers).map(([name, value]) => [name, String(value)]));
  if (currency) parameters.set('currency', currency);
  if (example) parameters.set('example', example);
  return parameters.size > 0 ? `${kHead}?${parameters}` : kHead;
}

/** Undefined for a hash of another kind. */
export function linkedIn(hash: string): Linked | undefined {
  if (!hash.startsWith(`${kHead}?`)) return undefined;
  const parameters = new URLSearchParams(hash.slice(kHead.length + 1));
  const numbers: CostInput = {};
  for (const [name, text] of parameters) {
    if (Object.hasOwn(costFields, name) && text.trim() !== '' && Number.isFinite(Number(text))) numbers[name as CostFieldName] = Number(text);
  }
  return { numbers, currency: (parameters.get('currency') ?? '').slice(0, 8), example: parameters.get('example') ?? '' };
}
