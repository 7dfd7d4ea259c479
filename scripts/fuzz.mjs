// Fuzzes what reads untrusted bytes, a target after the other (tests/fuzz/targets.h), from seeds of the conformance cases and
// all that was found interesting before. What breaks is left in build/fuzz/findings, and the exit status is 1.
//
// usage: node scripts/fuzz.mjs [--seconds N] [--targets a,b] [--keep]
//   --seconds N   of each target; default 600
//   --keep        puts the smallest inputs that reach everything reached so far into tests/fuzz/corpus: a file for each target,
//                 of inputs one behind the other, each after its length in four bytes, little-endian
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { buildPreset, folderOf } from './lib/flavours.mjs';
import { root } from './lib/paths.mjs';
import { run, runMain, say, step, StepError } from './lib/progress.mjs';
import { sourceTree } from './lib/sources.mjs';
import { setup } from './setup.mjs';

const most = { model: 8192, load: 8192, external_data: 1024, text: 4096, profile: 16384, histogram: 2048, quantized: 256 };
/* Of an input that is kept in tests/fuzz/corpus: larger ones are found again from the seeds. */
const mostKept = { ...most, model: 256, load: 256, text: 512, profile: 2048 };
const committed = join(root, 'tests', 'fuzz');
const work = folderOf('fuzz');

const ensured = (...parts) => {
  const folder = join(...parts);
  mkdirSync(folder, { recursive: true });
  return folder;
};

/* Paths of all model.onnx of the conformance suite that are small enough. */
function conformanceModels() {
  const data = join(sourceTree('onnx'), 'onnx', 'backend', 'test', 'data');
  return readdirSync(data, { recursive: true })
    .filter((path) => path.endsWith('model.onnx') && statSync(join(data, path)).size <= most.model)
    .map((path) => join(data, path));
}

/* An exponential histogram as the engine writes it. */
const histogram = (offset, buckets) => JSON.stringify({
  scale: 5, clockStepMs: 0.005, count: buckets.reduce((sum, n) => sum + n, 0) + 3, belowStep: 3, overflow: 0,
  sumMs: 12.5, minMs: 0, maxMs: 9, offset, buckets,
});

const models = () => conformanceModels().map((path) => readFileSync(path));

const seeds = {
  model: models,
  load: models,
  async text(task) {
    await buildPreset('dev-asan', ['insitu_dev']);
    const few = conformanceModels().filter((_, i) => i % 6 === 0);
    const { output } = await run(task, join(folderOf('dev-asan'), 'insitu_dev'), ['print', ...few], { okCodes: 'any' });
    return output.split(/^(?=graph )/m).filter((text) => text.startsWith('graph ') && text.length <= most.text);
  },
  profile() {
    const profile = JSON.parse(readFileSync(join(root, 'models', 'handwriting', 'handwriting.profile.json'), 'utf8'));
    const one = { ...profile, features: profile.features.slice(0, 1) };
    const { accuracy, ...without } = one;
    return [one, without].map((seed) => JSON.stringify(seed));
  },
  histogram: () => [`${histogram(-80, [1, 0, 2, 40])}\n${histogram(-20, [7])}`, `${histogram(100, [1])}\n${histogram(100, [2])}`],
  external_data: () => [],
  quantized: () => [],
};

async function writeSeeds(task, target) {
  const folder = ensured(work, 'seeds', target);
  const contents = await seeds[target](task);
  contents.forEach((bytes, i) => writeFileSync(join(folder, `seed-${i}`), bytes));
  return folder;
}

const corpusOf = (target) => join(committed, 'corpus', `${target}.bin`);

function unpack(target) {
  const folder = ensured(work, 'kept', target);
  if (!existsSync(corpusOf(target))) return folder;
  const bytes = readFileSync(corpusOf(target));
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const end = at + 4 + bytes.readUInt32LE(at);
    writeFileSync(join(folder, `kept-${i}`), bytes.subarray(at + 4, end));
    at = end;
  }
  return folder;
}

function pack(target, folder) {
  const inputs = readdirSync(folder).sort().map((name) => readFileSync(join(folder, name)));
  ensured(committed, 'corpus');
  writeFileSync(corpusOf(target), Buffer.concat(inputs.flatMap((input) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(input.length);
    return [length, input];
  })));
  return inputs.length;
}

const libFuzzer = (task, target, args, options) => run(task, join(work, 'tests', 'insitu_fuzz'), args, {
  env: { INSITU_FUZZ_TARGET: target, ASAN_OPTIONS: 'allocator_may_return_null=1:detect_leaks=1' }, okCodes: 'any', ...options,
});

/** What libFuzzer says of a run, by its log. One that tried nothing has found nothing, which is no result. */
export function statisticsOf(output, target, log) {
  const executed = Number(/stat::number_of_executed_units:\s+(\d+)/.exec(output)?.[1] ?? 0);
  const reached = [.../cov: (\d+)/g[Symbol.matchAll](output)].at(-1)?.[1];
  if (executed === 0 || reached === undefined) throw new StepError(`libFuzzer does not say that it tried any input of ${target}.`, log);
  return { executed, reached };
}

async function fuzz(task, target, seconds) {
  const findings = ensured(work, 'findings');
  const folders = [ensured(work, 'corpus', target), await writeSeeds(task, target), unpack(target)];
  const regressions = join(committed, 'regressions', target);
  if (existsSync(regressions)) folders.push(regressions);
  const dictionary = join(committed, `${target}.dict`);
  const { code, output } = await libFuzzer(task, target, [
    `-max_total_time=${seconds}`, `-max_len=${most[target]}`, '-timeout=30', '-rss_limit_mb=3072', '-malloc_limit_mb=1024',
    '-print_final_stats=1', '-verbosity=1', `-artifact_prefix=${join(findings, `${target}-`)}`,
    ...(existsSync(dictionary) ? [`-dict=${dictionary}`] : []), ...folders,
  ]);
  if (code === 0) {
    const { executed, reached } = statisticsOf(output, target, task.log);
    say(`  ${target}: ${executed} inputs, ${reached} edges reached`);
    return undefined;
  }
  const artifact = /Test unit written to (\S+)/.exec(output)?.[1] ?? task.log;
  say(output.split('\n').filter((line) => /^(broken:|SUMMARY|==\d+==ERROR|.*runtime error)/.test(line)).slice(0, 5).join('\n'));
  return `${target}: ${artifact}`;
}

/* The smallest set of inputs that reaches what all reach, of those that are small enough. */
async function keep(task, target) {
  const merged = join(work, 'merged', target);
  rmSync(merged, { recursive: true, force: true });
  ensured(merged);
  const sources = [unpack(target), join(work, 'corpus', target), join(work, 'seeds', target)].filter(existsSync);
  const { code } = await libFuzzer(task, target, ['-set_cover_merge=1', `-max_len=${mostKept[target]}`, merged, ...sources]);
  if (code !== 0 || readdirSync(merged).length === 0) throw new StepError(`The corpus of ${target} cannot be merged.`, task.log);
  say(`  ${target}: ${pack(target, merged)} inputs kept`);
}

/** Fuzzes each target for so many seconds. What broke: "TARGET: FILE" each. */
export async function fuzzAll(seconds, targets = Object.keys(most)) {
  await buildPreset('fuzz', ['insitu_fuzz']);
  const broken = [];
  for (const target of targets) {
    const finding = await step(`fuzz ${target}`, (task) => fuzz(task, target, seconds));
    if (finding) broken.push(finding);
  }
  return broken;
}

async function main() {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '600' }, targets: { type: 'string' }, keep: { type: 'boolean' } },
  });
  const targets = values.targets?.split(',') ?? Object.keys(most);
  const unknown = targets.find((target) => !(target in most));
  if (unknown || !(Number(values.seconds) > 0)) {
    throw new StepError(`usage: npm run fuzz -- [--seconds N] [--targets ${Object.keys(most).join(',')}] [--keep]`);
  }
  await setup({ flavours: ['native'], tests: true });
  const broken = await fuzzAll(Number(values.seconds), targets);
  if (values.keep) for (const target of targets) await step(`keep ${target}`, (task) => keep(task, target));
  if (broken.length > 0) throw new StepError(`Broken:\n  ${broken.join('\n  ')}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await runMain(main);
