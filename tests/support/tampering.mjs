// Audit logs, read from docs/how-to/audit.md alone, and ways to change one.
import { createHash } from 'node:crypto';

export const noHash = '0'.repeat(64);

export function canonical(value) {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

/** The line of an entry whose hash is computed anew. */
export function lineOf({ hash: _, ...rest }) {
  return canonical({ ...rest, hash: createHash('sha256').update(canonical(rest)).digest('hex') });
}

export const entriesOf = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));

/** The text of entries that follow each other. */
export function chain(entries, from = { seq: 0, hash: noHash }) {
  let last = from;
  return entries.map((entry) => {
    const line = lineOf({ ...entry, seq: last.seq + 1, previous: last.hash });
    last = JSON.parse(line);
    return line;
  });
}

/**
 * What can be done to the entries on `lines`: { name, lines, line, what } each, with the first line that does not hold then and
 * what is to be found there; without `line` nobody can tell but by the head.
 */
export function* tamperings(lines) {
  const n = lines.length;
  const entry = (i) => JSON.parse(lines[i]);
  const without = (i) => lines.toSpliced(i, 1);
  const foreign = chain(Array.from({ length: n }, (_, i) => ({ time: '2020-01-01T00:00:00.000Z', event: 'foreign', details: { i } })));
  for (let i = 0; i < n; i++) {
    const end = i === n - 1;
    yield { name: `change ${i}`, lines: lines.with(i, lines[i].replace('"event":"', '"event":"x')), line: i + 1, what: 'changed' };
    yield { name: `a space in ${i}`, lines: lines.with(i, lines[i].replace(':', ': ')), line: i + 1, what: 'changed' };
    const rewritten = lines.with(i, lineOf({ ...entry(i), event: 'forged' }));
    yield { name: `change ${i} and its hash`, lines: rewritten, ...(!end && { line: i + 1, what: 'changed' }) };
    yield { name: `remove ${i}`, lines: without(i), ...(!end && { line: i + 1, what: 'removed' }) };
    yield { name: `cut before ${i}`, lines: lines.slice(0, i) };
    yield { name: `cut up to ${i}`, lines: lines.slice(i + 1), ...(!end && { line: 1, what: 'removed' }) };
    yield { name: `rewrite all from ${i} on`, lines: [...lines.slice(0, i), ...chain(lines.slice(i).map((line) => ({ ...JSON.parse(line), event: 'forged' })), i > 0 ? entry(i - 1) : undefined)] };
    const kept = without(i).reduce((all, line) => [...all, lineOf({ ...JSON.parse(line), previous: all.length > 0 ? JSON.parse(all.at(-1)).hash : noHash })], []);
    yield { name: `remove ${i} and hash the rest anew`, lines: kept, ...(!end && { line: i + 1, what: 'removed' }) };
    for (let j = i + 1; j < n; j++) {
      yield { name: `exchange ${i} and ${j}`, lines: lines.with(i, lines[j]).with(j, lines[i]), line: i + 1, what: 'reordered' };
      yield { name: `move ${j} to ${i}`, lines: [...lines.slice(0, i), lines[j], ...lines.slice(i, j), ...lines.slice(j + 1)], line: i + 1, what: 'reordered' };
      yield { name: `move ${i} behind ${j}`, lines: [...without(i).slice(0, j), lines[i], ...without(i).slice(j)], line: i + 1, what: 'reordered' };
    }
    for (let j = 0; j <= n; j++) {
      const line = j + 1;
      // Beside itself the second of the two is the copy; before itself it is where it does not belong.
      yield { name: `copy ${i} to ${j}`, lines: lines.toSpliced(j, 0, lines[i]), line: j === i ? j + 2 : line, what: 'duplicated' };
      if (i > 0) yield { name: `insert a foreign entry ${i} at ${j}`, lines: lines.toSpliced(j, 0, foreign[i]), line, what: i + 1 > n && j === n ? 'removed' : 'inserted' };
    }
    const from = i > 0 ? entry(i - 1) : { seq: 0, hash: noHash };
    const [forged] = chain([{ ...entry(i), event: 'forged' }], from);
    if (!end) yield { name: `insert an entry that follows, at ${i}`, lines: lines.toSpliced(i, 0, forged), line: i + 1, what: 'inserted' };
    yield { name: `insert no entry at ${i}`, lines: lines.toSpliced(i, 0, 'nothing'), line: i + 1, what: 'inserted' };
  }
}
