// The contests of a bench as one Markdown table: for each model, precision and number of threads the best p50 of each
// engine (of insitu in each kind of flavour), and how many times as fast insitu's best is.
const kindOf = ({ engine, flavour }) => (engine === 'insitu' ? `insitu ${flavour.split('-')[0]}` : engine);
const ms = (value) => (value === undefined ? '' : value.toFixed(value < 10 ? 2 : 1));
const times = (value) => (value === undefined ? '' : `${value.toFixed(2)}x`);

/** contests: { name, entries } of measure(), in order. */
export function markdownTable(contests) {
  const cases = contests.flatMap(({ name, entries }) => casesOf(name, entries));
  const kinds = [...new Set(cases.flatMap(({ best }) => [...best.keys()]))];
  const others = kinds.filter((kind) => !kind.startsWith('insitu'));
  const head = ['model', 'precision', 'threads', ...kinds.map((kind) => `${kind}, ms`), ...others.map((kind) => `over ${kind}`), 'over own fp32'];
  const rows = cases.map(({ name, precision, threads, best, ours, float }) => [
    name, precision, threads, ...kinds.map((kind) => ms(best.get(kind))),
    ...others.map((kind) => times(best.has(kind) ? best.get(kind) / ours : undefined)),
    times(float === undefined || precision === 'fp32' ? undefined : float / ours),
  ]);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i < 2 ? '---' : '---:'))), ...rows.map(line), ''].join('\n');
}

function casesOf(name, entries) {
  const cases = new Map();
  for (const { row, spec } of entries) {
    const key = `${spec.precision} ${row.threads}`;
    if (!cases.has(key)) cases.set(key, { name, precision: spec.precision === 'given' ? '' : spec.precision, threads: row.threads, best: new Map() });
    const { best } = cases.get(key);
    best.set(kindOf(row), Math.min(best.get(kindOf(row)) ?? Infinity, row.p50_ms));
  }
  for (const one of cases.values()) {
    one.ours = Math.min(...[...one.best].filter(([kind]) => kind.startsWith('insitu')).map(([, time]) => time));
  }
  for (const one of cases.values()) one.float = cases.get(`fp32 ${one.threads}`)?.ours;
  return [...cases.values()];
}
