// The tests of every change, in stages whose times are printed; --all adds the long ones. Stages
// whose folder does not exist are left out. The last line is the sum of what the runners counted;
// the exit status is 1 if anything failed.
//
// usage: node scripts/test.mjs [--all]
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildWeb } from './build-web.mjs';
import { checkLayers } from './check-layers.mjs';
import { checkSizes } from './check-size.mjs';
import { fuzzAll } from './fuzz.mjs';
import { buildModule, buildPreset } from './lib/flavours.mjs';
import { root } from './lib/paths.mjs';
import { say, step, StepError } from './lib/progress.mjs';
import { add, noTests, runCatch, runNode, summary } from './lib/test-runners.mjs';
import { threadSanitized, wasmFlavours } from './lib/third-party.mjs';
import { setup } from './setup.mjs';

const all = process.argv.includes('--all');

const nodeStage = (name, folder, args) => ({
  name,
  folder,
  run: () => step(name, (task) => runNode(task, folder, args)),
});

/* A stage of one check, which gives its offences in words. */
const checkStage = (name, check) => ({
  name,
  run: async () => {
    const offences = await check();
    for (const offence of offences) say(offence);
    return { ...noTests, passed: offences.length === 0 ? 1 : 0, failed: offences.length };
  },
});

/* The Catch2 programs of a preset, built now: all, or `programs`; with `tag`, their hidden tests of that tag. */
const catchStage = (name, preset, { programs, tag } = {}) => ({
  name,
  run: async () => {
    if (preset === 'dev-tsan') await setup({ flavours: [threadSanitized], tests: true });
    await buildPreset(preset, programs);
    return step(name, (task) => runCatch(task, preset, { programs, tag }));
  },
});

const kWithThreads = ['test_exec', 'test_session'];  // what ThreadSanitizer has to see
const kFuzzSeconds = 60;  // of each target

const stages = [
  { name: 'set-up', run: () => setup({ flavours: ['native', ...wasmFlavours], tests: true, browser: true }), vital: true },
  checkStage('layers', checkLayers),
  catchStage('native under sanitizers', 'dev-asan'),
  {
    name: 'package',
    run: async () => {
      for (const flavour of wasmFlavours) await buildModule(flavour);
      await buildWeb();
    },
  },
  checkStage('sizes', () => step('measure sizes', checkSizes)),
  catchStage('wasm, simd-st and relaxed-st', 'simd-st'),
  nodeStage('committed models', 'tests/models'),
  nodeStage('Node tests', 'tests/node'),
  nodeStage('README', 'tests/readme'),
  nodeStage('browser tests', 'tests/browser', ['--test-concurrency=1']),
  nodeStage('benchmark', 'tests/bench', ['--test-concurrency=1']),
  ...(all ? [
    catchStage('native under ThreadSanitizer', 'dev-tsan', { programs: kWithThreads }),
    nodeStage('other browsers', 'tests/other-browsers', ['--test-concurrency=1']),
    nodeStage('bundlers', 'tests/bundlers'),
    nodeStage('long tests', 'tests/long', ['--test-concurrency=1']),
    catchStage('native, long', 'dev-asan', { tag: '[long]' }),
    checkStage('fuzzing', async () => (await fuzzAll(kFuzzSeconds)).map((finding) => `broken: ${finding}`)),
  ] : []),
];

function exists(stage) {
  if (!stage.folder) return true;
  const folder = join(root, stage.folder);
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.test.mjs'));
}

function report(error) {
  say(`error: ${error instanceof StepError ? error.message : (error.stack ?? error)}`);
  if (error.log) say(`See ${error.log}`);
}

const rows = [];
let total = noTests;
for (const stage of stages.filter(exists)) {
  say(`\n== ${stage.name}`);
  const start = Date.now();
  let counts;
  try {
    counts = (await stage.run()) ?? noTests;
  } catch (error) {
    report(error);
    counts = { ...noTests, failed: 1 };
  }
  total = add(total, counts);
  rows.push([stage.name, ((Date.now() - start) / 1000).toFixed(1), summary(counts)]);
  if (stage.vital && counts.failed > 0) break;
}

say('\nStage                          seconds');
for (const [name, time, counts] of rows) say(`${name.padEnd(28)} ${time.padStart(9)}   ${counts}`);
say(summary(total));
process.exitCode = total.failed > 0 ? 1 : 0;
