// What the bench prints for people: a table for each contest, how engines differ, and the ratio to the other engines.
// Invariant: a ratio compares p50 with p50 in the same contest, each the best of what it names.

/* How far an output may be from insitu's, in its largest number. Integer forms may round elsewhere. */
const kTolerance = { fp32: 1e-3, given: 0.1, int8: 0.15, dynamic: 0.1, int4: 0.1 };

const kShownProblems = 5;

const ms = (value) => value.toFixed(value < 10 ? 3 : value < 100 ? 2 : 1);
const kColumns = ['engine', 'flavour', 'form', 'threads', 'p50 ms', 'p95 ms', 'min ms', 'first', 'load', 'diff', 'heap MB'];

/** Prints with `say` what measure() gave; gives the faults: outputs that disagree, insitu refusing. */
export function report(title, { entries, refused, problems }, say) {
  const faults = [];
  printTable(entries.map(cells), say);
  for (const { who, why, engine } of refused) {
    say(`  ${who} is left out: ${why}`);
    if (engine === 'insitu') faults.push(`${title}: ${who}: ${why}`);
  }
  for (const { spec, difference } of entries) {
    const problem = difference && disagreement(difference, kTolerance[spec.precision]);
    if (!problem) continue;
    say(`  ${spec.engine} disagrees on ${spec.name}: ${problem}`);
    faults.push(`${title}: ${spec.engine} disagrees on ${spec.name}: ${problem}`);
  }
  const trials = new Map(entries.filter(({ tried }) => tried).map(({ spec, tried }) => [`${spec.engine} ${spec.precision}`, tried]));
  for (const [what, tried] of trials) {
    say(`  ${what} tried: ${tried.map(([name, min]) => `${formOf(name)} ${ms(min)} ms`).join(', ')}`);
  }
  const shown = refused.length > 0 ? [...new Set(problems)].slice(0, kShownProblems) : [];
  for (const problem of shown) say(`  the page's console: ${problem.split('\n')[0]}`);
  for (const { what, ratio } of ratiosOf(entries)) say(`  ${ratio.toFixed(2).padStart(6)}x  ${what}`);
  return faults;
}

const formOf = (name) => name.split('/')[1] ?? '';

function cells({ row, spec, difference }) {
  const diff = difference ? `${difference.relative.toExponential(1)}${difference.sameClass === false ? ' other class' : ''}` : '-';
  const times = [row.p50_ms, row.p95_ms, row.min_ms, row.first_run_ms, row.load_ms].map(ms);
  return [row.engine, row.flavour ?? '', formOf(spec.name), String(row.threads), ...times, diff, row.heap_bytes === null ? '-' : (row.heap_bytes / 1e6).toFixed(0)];
}

function printTable(rows, say) {
  const all = [kColumns, ...rows];
  const widths = kColumns.map((_, i) => Math.max(...all.map((row) => row[i].length)));
  const padded = (cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
  for (const row of all) say(`  ${row.map(padded).join('  ')}`);
}

function disagreement({ maxAbs, relative, problem }, tolerance) {
  if (maxAbs === Infinity || Number.isNaN(relative)) return problem;
  return relative > tolerance ? `off by ${maxAbs}, ${(100 * relative).toFixed(1)} % of the largest output` : undefined;
}

const kindOf = ({ row }) => row.flavour?.split('-')[0];

/**
 * { what, ratio } of all that can be compared in a contest, each above 1 where what is named first is faster: insitu with
 * each other engine; relaxed with simd; each precision with fp32, flavour by flavour; more threads with fewest.
 */
export function ratiosOf(entries) {
  const found = [];
  const best = (conditions) => {
    const times = entries.filter((entry) => conditions.every((condition) => condition(entry))).map(({ row }) => row.p50_ms);
    return times.length > 0 ? Math.min(...times) : undefined;
  };
  const add = (what, first, second) => {
    const [ours, theirs] = [best(first), best(second)];
    if (ours !== undefined && theirs !== undefined) found.push({ what: `${what}  (${ms(ours)} ms, ${ms(theirs)} ms)`, ratio: theirs / ours });
  };
  const all = (pick) => [...new Set(entries.map(pick))];
  const by = (engine, precision, threads) => [
    ({ row }) => row.engine === engine, ({ spec }) => spec.precision === precision, ({ row }) => row.threads === threads,
  ];
  const engines = all(({ row }) => row.engine).filter((engine) => engine !== 'insitu');
  const precisions = all(({ spec }) => spec.precision);
  const kinds = all(kindOf).filter(Boolean);
  const counts = all(({ row }) => row.threads).sort((a, b) => a - b);
  for (const precision of precisions) {
    for (const threads of counts) {
      const ours = by('insitu', precision, threads);
      const where = `${precision}, ${threads} thread${threads > 1 ? 's' : ''}`;
      for (const engine of engines) add(`${where}: insitu over ${engine}`, ours, by(engine, precision, threads));
      if (kinds.length > 1) add(`${where}: relaxed over simd`, [...ours, (one) => kindOf(one) === 'relaxed'], [...ours, (one) => kindOf(one) === 'simd']);
      for (const kind of precision === 'fp32' ? [] : kinds) {
        const isKind = (one) => kindOf(one) === kind;
        add(`${where}: ${kind}, ${precision} over fp32`, [...ours, isKind], [...by('insitu', 'fp32', threads), isKind]);
      }
      if (threads > counts[0]) add(`${precision}: insitu, ${threads} threads over ${counts[0]}`, ours, by('insitu', precision, counts[0]));
    }
  }
  return found;
}
