// How soon an engine and its model are ready when a page is visited again: every visit is a page of its own in one browser,
// whose HTTP cache holds what the first visit fetched. Engines take turns; a visit is made when the one before has ended.
import { statistics } from './page/statistics.mjs';

const kNothingTimed = { runs: 0, warmUp: { runs: 0, ms: 0 }, restMs: 0, classifies: false };
const kSettleMs = 2000;  // browsers keep compiled code some time after a page has used it

/**
 * What visits load: of each precision the first form, with one thread, by insitu in each flavour, with the model kept from
 * the visit before and without, and by the other engines.
 * `given` as for measure() in measure.mjs.
 */
function specsOf({ subject, precisions, base }, { flavours, against }) {
  return precisions.flatMap((precision) => {
    const [{ file, name: form }] = subject.precisions[precision];
    const spec = { threads: 1, form, name: form ? `${subject.name}/${form}` : subject.name, model: base + file, timed: true };
    return [
      ...flavours.flatMap((flavour) => ['none', 'opfs'].map((cache) => ({ ...spec, engine: 'insitu', flavour, cache }))),
      ...against.filter((engine) => engine !== 'litert').map((engine) => ({ ...spec, engine })),
    ];
  });
}

/**
 * Gives { spec, ready, load, first } in order: statistics in ms, of all visits but the first, of the time until a model can
 * run, of load() in it (insitu's) and of its first run.
 */
export async function measureStartUp(site, given, options) {
  const specs = specsOf(given, options);
  const seen = specs.map(() => []);
  for (let visit = 0; visit <= options.visits; visit++) {
    for (const [i, spec] of specs.entries()) {
      const [{ refused, loaded }] = await site.visit({ contestants: [spec], feeds: given.feeds, ...kNothingTimed });
      if (refused) throw new Error(`${spec.engine} on ${spec.name}: ${refused}`);
      if (visit > 0) seen[i].push(loaded);
      else await new Promise((done) => { setTimeout(done, kSettleMs); });
    }
  }
  return specs.map((spec, i) => ({
    spec, ready: statistics(seen[i].map(({ loadMs }) => loadMs)),
    load: spec.engine === 'insitu' ? statistics(seen[i].map(({ sessionMs }) => sessionMs)) : undefined, first: statistics(seen[i].map(({ firstRunMs }) => firstRunMs)),
  }));
}

/** Prints with `say` what measureStartUp() gave. */
export function reportStartUp(rows, say) {
  const ms = (value) => value.toFixed(1).padStart(7);
  say('  engine           flavour     cache  form             ready p50      min  load() p50  first run p50');
  for (const { spec, ready, load, first } of rows) {
    const form = spec.name.split('/')[1] ?? '';
    say(`  ${spec.engine.padEnd(16)} ${(spec.flavour ?? '').padEnd(11)} ${(spec.cache ?? '').padEnd(6)} ${form.padEnd(16)}   ${ms(ready.p50)}  ${ms(ready.min)}     ${load ? ms(load.p50) : '       '}        ${ms(first.p50)}`);
  }
}
