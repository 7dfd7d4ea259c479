// A value of any kind, in words of a message. Invariant: it never throws, whatever the value is.

export function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)) ?? String(value);
  } catch {
    return `of type ${typeof value}`;
  }
}
