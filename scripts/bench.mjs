// The benchmark: insitu and other engines side by side in one real Chromium, run by run in turns, on models that the
// bench builds itself and on real ones. docs/performance.md says what is measured and how to read it.
//
// usage: node scripts/bench.mjs [--help]
import { existsSync, readFileSync, writeFileSync, appendFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { distDir } from './lib/paths.mjs';

const kEngines = ['onnxruntime-web', 'litert', 'native'];
const kDefaultEngines = ['onnxruntime-web', 'litert'];
const kKinds = ['relaxed', 'simd'];
const kHelp = `usage: npm run bench -- [options]

  --models A,B      groups (networks, shared, operators), models, or a precision of one (mobilenet_v2/int8);
                    default networks,shared
  --against E,F     the other engines: ${kEngines.join(', ')}, or none; default ${kDefaultEngines.join(', ')}.
                    litert takes part in the chains of convolutions and fully connected layers among the operators;
                    native is insitu compiled for this machine, without WebAssembly, and is built first
  --threads N,M     how many threads; default 1,2
  --flavours F,G    insitu's: ${kKinds.join(', ')}; default both. One thread takes the -st build, more the -mt build
  --no-vnni         the browser compiles as for a processor without VNNI (instructions for 8-bit dot products)
  --runs N          how many runs of each engine are timed; default 30
  --visits N        measures instead how soon a model is ready when a page is visited again, N times, with one thread
  --json FILE       writes a JSON object per engine, model and line; - is standard output
  --markdown FILE   writes the best times and ratios as a table in Markdown
  --list            prints the models and their precisions`;

class UsageError extends Error {}

const listOf = (text) => text.split(',').map((item) => item.trim()).filter(Boolean);

function oneOf(flag, names, known) {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new UsageError(`${flag} does not know '${unknown.join("', '")}'; it takes ${known.join(', ')}`);
  if (names.length === 0) throw new UsageError(`${flag} wants at least one of ${known.join(', ')}`);
  return names;
}

function wholeNumber(flag, text) {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`${flag} wants a whole number from 1, not '${text}'`);
  return Number(text);
}

function readArguments() {
  let values;
  try {
    const text = (fallback) => ({ type: 'string', default: fallback });
    ({ values } = parseArgs({
      options: {
        models: text('networks,shared'), against: text(kDefaultEngines.join(',')), threads: text('1,2'), flavours: text(kKinds.join(',')),
        runs: text('30'), visits: { type: 'string' }, 'no-vnni': { type: 'boolean', default: false }, json: { type: 'string' }, markdown: { type: 'string' }, list: { type: 'boolean' }, help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (thrown) {
    throw new UsageError(thrown.message);
  }
  const threads = listOf(values.threads).map((text) => wholeNumber('--threads', text));
  if (threads.length === 0) throw new UsageError('--threads wants at least one number');
  return {
    help: values.help, list: values.list, json: values.json, markdown: values.markdown, vnni: !values['no-vnni'], threads, models: listOf(values.models),
    against: values.against === 'none' ? [] : oneOf('--against', listOf(values.against), kEngines),
    kinds: oneOf('--flavours', listOf(values.flavours), kKinds),
    runs: wholeNumber('--runs', values.runs),
    visits: values.visits === undefined ? 0 : wholeNumber('--visits', values.visits),
  };
}

/* Flavours of insitu for a number of threads; those that were not built are said aloud and left out. */
function builtFlavours(kinds, threads, say) {
  const built = JSON.parse(readFileSync(join(distDir, 'flavours.json'), 'utf8'));
  const wanted = kinds.map((kind) => `${kind}-${threads === 1 ? 'st' : 'mt'}`);
  for (const flavour of wanted.filter((name) => !built.includes(name))) {
    say(`insitu's ${flavour} is left out: it is not in dist/; npm run build makes it.`);
  }
  return wanted.filter((flavour) => built.includes(flavour));
}

async function benchAll(options, say, writeRow) {
  const { openSite } = await import('../tests/bench/site.mjs');
  const { measure } = await import('../tests/bench/measure.mjs');
  const { markdownTable } = await import('../tests/bench/markdown.mjs');
  const { measureStartUp, reportStartUp } = await import('../tests/bench/startup.mjs');
  const { report } = await import('../tests/bench/report.mjs');
  const flavours = new Map(options.threads.map((threads) => [threads, builtFlavours(options.kinds, threads, say)])
    .filter(([, built]) => built.length > 0));
  if (flavours.size === 0) throw new Error('none of the flavours that were asked for is in dist/: npm run build makes them.');
  if (Math.max(...flavours.keys()) > availableParallelism()) {
    say(`This machine has ${availableParallelism()} processors: more threads than that measure how they wait for each other.`);
  }
  if (options.against.includes('native')) await (await import('../tests/bench/native.mjs')).buildNative();
  const faults = [];
  const contests = [];
  const site = await openSite(options);
  try {
    for (const { subject, precisions } of options.chosen) {
      const prepared = await subject.prepare(say);
      if (!prepared) {
        say(`\n${subject.name} is left out: its folder is not in ../shared/models.`);
        continue;
      }
      say(`\n${subject.name}`);
      const base = site.serveModel(subject.name, prepared.folder);
      const given = { subject, precisions, base, feeds: prepared.feeds };
      if (options.visits > 0) {
        reportStartUp(await measureStartUp(site, given, { ...options, flavours: builtFlavours(options.kinds, 1, say) }), say);
        continue;
      }
      const outcome = await measure(site, given, { flavours, against: options.against, runs: options.runs });
      faults.push(...report(subject.name, outcome, say));
      outcome.rows.forEach(writeRow);
      contests.push({ name: subject.name, entries: outcome.entries });
      if (options.markdown !== undefined) writeFileSync(options.markdown, markdownTable(contests));
    }
  } finally {
    await site.close();
  }
  return faults;
}

async function main() {
  const options = readArguments();
  const print = (line) => process.stdout.write(`${line}\n`);
  if (options.help) return print(kHelp);
  if (!existsSync(join(distDir, 'flavours.json'))) throw new Error('dist/ is not built: npm run build makes it.');
  const { select } = await import('../tests/bench/selection.mjs');
  const { subjects } = await import('../tests/bench/library.mjs');
  if (options.list) {
    for (const { group, name, precisions } of subjects) {
      print(`${group.padEnd(10)} ${name.padEnd(24)} ${Object.keys(precisions).join(' ')}`);
    }
    return;
  }
  try {
    options.chosen = select(options.models);
  } catch (thrown) {
    throw new UsageError(`--models: ${thrown.message}`);
  }
  const toStandardOutput = options.json === '-';
  if (options.json !== undefined && !toStandardOutput) writeFileSync(options.json, '');
  const writeRow = (row) => {
    const line = `${JSON.stringify(row)}\n`;
    if (toStandardOutput) process.stdout.write(line);
    else if (options.json !== undefined) appendFileSync(options.json, line);
  };
  const say = toStandardOutput ? (line) => process.stderr.write(`${line}\n`) : print;
  const faults = await benchAll(options, say, writeRow);
  for (const fault of faults) say(`FAULT ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

try {
  await main();
} catch (thrown) {
  process.stderr.write(`error: ${thrown instanceof UsageError ? `${thrown.message} (--help tells more)` : thrown.message}\n`);
  process.exitCode = thrown instanceof UsageError ? 2 : 1;
}
