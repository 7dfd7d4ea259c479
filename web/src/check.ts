// The check of options by a table: what each may be, by name. A kind is what kindOf() says, or 'plain object'; other words are values;
// '' where their user checks them. `fail` is that of the bundle, which has one InsituError.
// Invariant: what is misspelt, of another kind or inherited is refused, because an `integrity` that a copy would not have must not mean
// an unverified model.
import { kindOf, kindShown } from './shown.js';

export type Kinds = Readonly<Record<string, string>>;
type Fail = (code: 'InvalidArgument', message: string, hint: string) => never;

/* Of whichever page: Object.prototype alone has no prototype, and isPrototypeOf of its own. */
function isPlain(value: unknown): boolean {
  if (kindOf(value) !== 'object') return false;
  const from = Object.getPrototypeOf(value);
  return from === null || (Object.getPrototypeOf(from) === null && Object.hasOwn(from, 'isPrototypeOf'));
}

/** InvalidArgument unless `value` is an object that inherits nothing. */
export function checkPlain(fail: Fail, value: unknown, name: string): void {
  if (isPlain(value)) return;
  fail('InvalidArgument', `${name} is ${kindOf(value) === 'object' ? 'no plain object' : kindShown(value)}`, 'Pass a plain object: what is inherited does not count.');
}

/** InvalidArgument for options that `kinds` does not know, or of other kinds. `of`: what they are members of. */
export function checkKinds(fail: Fail, options: unknown, kinds: Kinds, of = 'options'): void {
  checkPlain(fail, options, of);
  for (const [name, value] of Object.entries(options as object)) {
    if (value === undefined) continue;
    const path = of === 'options' ? name : `${of}.${name}`;
    if (!Object.hasOwn(kinds, name)) fail('InvalidArgument', `the option '${path}' is unknown`, `Known: ${Object.keys(kinds).join(', ')}.`);
    const known = kinds[name]!, kind = kindOf(value);
    const fits = (one: string) => one === kind || one === value || (one === 'false' && value === false) || (one === 'plain object' && isPlain(value));
    if (!known || known.split('|').some(fits)) continue;
    fail('InvalidArgument', `${path} is ${kindShown(value)}`, `Pass ${known.replaceAll('|', ' or ')}.`);
  }
}
