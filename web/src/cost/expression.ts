// Formulas are texts of names, numbers, + - * / and brackets; what is shown of one is what is computed.
// Invariant: no eval, which a strict policy forbids. The texts are those of formulas.ts; a test evaluates each in another way.

type Values = Readonly<Record<string, number>>;

const tokensOf = (text: string): string[] => text.match(/[a-z]\w*|\d+|[-+*/()]/gi) ?? [];
const isName = (token: string): boolean => /^[a-z]/i.test(token);

/** Each once, in the order of the text. */
export const namesIn = (text: string): string[] => [...new Set(tokensOf(text).filter(isName))];

/** The value of a text whose names all have one. */
export function evaluate(text: string, values: Values): number {
  const tokens = tokensOf(text);
  let at = 0;
  const operators = (these: string) => tokens[at] !== undefined && these.includes(tokens[at]!);
  const factor = (): number => {
    const token = tokens[at++]!;
    if (token !== '(') return isName(token) ? values[token]! : Number(token);
    const value = sum();
    at++;
    return value;
  };
  const product = (): number => {
    let value = factor();
    while (operators('*/')) value = tokens[at++] === '*' ? value * factor() : value / factor();
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (operators('+-')) value = tokens[at++] === '+' ? value + product() : value - product();
    return value;
  };
  return sum();
}

const signs: Readonly<Record<string, string>> = { '*': '×', '-': '−' };

/** A text as people read it, with what `insert` gives for a name in its place. */
export function readable(text: string, insert: (name: string) => string = (name) => name): string {
  return text.replace(/[a-z]\w*|\d+|[-*]/gi, (token) =>
    signs[token] ?? (isName(token) ? insert(token) : formatNumber(Number(token))));
}

/** With as many digits as are asked for, whole numbers with all; below a millionth with an exponent. */
export function formatNumber(value: number, digits = 6): string {
  const whole = Math.ceil(Math.log10(Math.abs(value) + 1));
  const rounded = Number.isInteger(value) ? value : Number(value.toPrecision(Math.max(digits, whole)));
  if (rounded !== 0 && Math.abs(rounded) < 1e-6) return String(rounded);
  return rounded.toLocaleString('en', { maximumFractionDigits: 20 });
}
