// Text for people: aligned tables, cells of Markdown, colours, lines folded to a width, lists that stay short, the nearest of words.
// Invariant: colours only on a terminal, and never where NO_COLOR is set (https://no-color.org).

/** Rows with their columns aligned; columns in `right` are aligned to the right. */
export function table(rows: readonly (readonly string[])[], { gap = '  ', right = [] as readonly number[] } = {}): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) =>
    row.map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join(gap).trimEnd());
}

/** Text in a cell of a Markdown table. */
export const cell = (text: string) => text.replace(/[\\`*_[\]|<>&]/g, (char) => `\\${char}`).replace(/\s+/g, ' ');

const colours = { red: 31, green: 32, yellow: 33 };

export function paint(text: string, colour: keyof typeof colours): string {
  const plain = !process.stdout.isTTY || process.env.NO_COLOR || process.env.TERM === 'dumb';
  return plain ? text : `\u001b[${colours[colour]}m${text}\u001b[39m`;
}

/** Lines of at most `width` characters, where words allow it. */
export function fold(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const mostNames = 10;

/** Names in a list that stays short. */
export function someOf(names: readonly string[]): string {
  const others = names.length - mostNames;
  return `${names.slice(0, mostNames).join(', ')}${others > 0 ? ` and ${others} others` : ''}`;
}

/** Who is meant by a word with a slip or two; undefined where none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const near = known.map((candidate) => ({ candidate, slips: slips(word, candidate) }))
    .filter(({ candidate, slips }) => slips <= Math.max(1, Math.floor(candidate.length / 3)));
  return near.sort((a, b) => a.slips - b.slips)[0]?.candidate;
}

/* Letters to insert, drop or replace, or neighbours to exchange (optimal string alignment). */
function slips(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, replaced);
      const exchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (exchanged) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
