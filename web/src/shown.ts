// A value of any kind, or its kind, in words of a message. Invariant: it never throws, whatever the value is.

export function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)) ?? String(value);
  } catch {
    return `of type ${typeof value}`;
  }
}

/** What typeof says, but for arrays, null and AbortSignals, of whichever page they are. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof Object(value).addEventListener === 'function' ? 'AbortSignal' : typeof value;
}

/** The kind of a value in words; texts themselves, as they may be misspelt. */
export function kindShown(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 40)}'`;
  const kind = kindOf(value);
  return value === null || value === undefined ? kind : `${/^[aeiou]/i.test(kind) ? 'an' : 'a'} ${kind}`;
}
