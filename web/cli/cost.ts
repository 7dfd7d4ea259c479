// insitu cost: what a model costs in the cloud and on the device, from what is measured here and prices that somebody typed.
// Invariant: the formulas are those of web/src/cost; what the file of prices says goes before what is measured.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatNumber } from '../src/cost/expression.js';
import { costFields, fieldNames } from '../src/cost/fields.js';
import type { CostInput } from '../src/cost/fields.js';
import { report } from '../src/cost/report.js';
import type { CostReport } from '../src/cost/report.js';
import { missingIn, sentencesOf, unitIn } from '../src/cost/words.js';
import { fail } from '../src/errors.js';
import { benchModel, percentiles, quantile, runsOf } from './bench.js';
import { findModel } from './cases.js';
import { modelFlags, modelHelp, onePositional, printer, progress, writeText } from './command.js';
import type { Command, Flags } from './command.js';
import { caseFiles, flagFiles } from './inputs.js';
import { checkOutputs } from './output.js';
import { ownFolder } from './served-files.js';
import { sizesOf, sizesOfModel } from './sizes.js';
import { fold, table } from './text.js';

const p95 = percentiles.find(([name]) => name === 'p95')!;
const lineWidth = 118;
/* The formula of a sum of which nothing is known. */
const nothingAdded = '0';

interface Prices {
  currency: string;
  example: boolean;
  input: CostInput;
}

type Measured = Awaited<ReturnType<typeof measure>>;

export const cost: Command = {
  summary: 'what a model costs in the cloud and on the device',
  help: `usage: insitu cost MODEL [--prices FILE] [--runs N] [--json FILE] [--markdown FILE]

Times MODEL as insitu bench does, counts the bytes of model and engine, and compares what inference costs in the cloud and on the
device, each formula with its numbers. MODEL is an .onnx file, its address, or a folder with model.onnx. There are no prices but
those you type: what needs one that is missing is left out, and named.

  --prices FILE    JSON with any of the numbers below; also "currency", and "example": true for invented prices
  --runs N         how many runs are timed; default: 50
  --json FILE      writes {model, flavour, threads, runs, currency, example, measured: {deviceMs, p95Ms, modelBytes, modelBytesRaw,
                   engineBytes, engineBytesRaw}, given, notGiven, lines, leftOut, breakEven, cheaper, values}; - is standard output
  --markdown FILE  writes the same as a document; - is standard output
${modelHelp}

deviceMs (the median, of Node on this machine), modelBytes and engineBytes (packed by brotli) are measured, unless FILE has them.
${fold(`Numbers: ${fieldNames.join(', ')}.`, lineWidth).join('\n')}

example: insitu cost model.onnx --prices prices.json --runs 130`,
  options: {
    ...modelFlags, prices: { type: 'string' }, runs: { type: 'string', default: '50' }, json: { type: 'string' }, markdown: { type: 'string' },
  },
  async run(flags, positionals) {
    const model = findModel(onePositional(positionals, 'MODEL'));
    const runs = runsOf(flags);
    const outputs = { '--json': flags.json, '--markdown': flags.markdown };
    checkOutputs(outputs, [...caseFiles(model), ...flagFiles(flags, 'prices')], Object.keys(outputs));
    const prices = flags.prices === undefined ? { currency: '', example: false, input: {} } : readPrices(String(flags.prices));
    report(fail, prices.input);  // which refuses wrong numbers before anything is timed
    const measured = await measure(model, flags, runs);
    const { deviceMs, modelBytes, engineBytes } = measured.measured;
    const found = report(fail, { deviceMs, modelBytes, engineBytes, ...prices.input });
    const print = printer({ json: flags.markdown === '-' ? '-' : flags.json });
    for (const line of describe(measured, prices, found)) print(line);
    const { currency, example } = prices;
    if (flags.json !== undefined) writeText(flags.json, JSON.stringify({ model, ...measured, currency, example, ...found }, null, 2));
    if (flags.markdown !== undefined) writeText(flags.markdown, [...document(measured, prices, found)].join('\n'));
    return 0;
  },
};

function readPrices(file: string): Prices {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    return fail('InvalidArgument', `cannot read ${file}: ${(thrown as Error).message}`, 'Pass a file of JSON: { "cdnPricePerGb": ... }.', thrown);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) fail('InvalidArgument', `${file} is no JSON object`, 'Write { "cdnPricePerGb": ... }.');
  const { currency = '', example = false, ...input } = json as Prices & CostInput;
  if (typeof currency !== 'string' || !/^[\p{L}\p{Sc}]{0,8}$/u.test(currency)) {
    fail('InvalidArgument', `the currency of ${file} is ${JSON.stringify(currency)}`, 'Write a code or a sign, such as "EUR".');
  }
  if (typeof example !== 'boolean') fail('InvalidArgument', `"example" of ${file} is ${JSON.stringify(example)}`, 'Write true for invented prices.');
  return { currency, example, input: input as CostInput };
}

async function measure(model: string, flags: Flags, runs: number) {
  const { row, sorted } = await benchModel(model, flags, runs);
  const { flavour, threads } = row;
  const engine = ['index.js', 'insitu/worker.js', `insitu-${flavour}.mjs`, `insitu-${flavour}.wasm`].map((name) => join(ownFolder, name));
  progress.show('packing with brotli');
  const [ofModel, ofEngine] = await Promise.all([sizesOfModel(model), sizesOf(engine)]);
  const measured = {
    deviceMs: Number(row.p50_ms.toPrecision(4)),
    p95Ms: runs >= p95[2] ? Number(quantile(sorted, p95[1]).toPrecision(4)) : null,
    modelBytes: ofModel.packed, modelBytesRaw: ofModel.raw, engineBytes: ofEngine.packed, engineBytesRaw: ofEngine.raw,
  };
  return { flavour, threads, runs, measured };
}

const measuredRows = ({ flavour, threads, runs, measured }: Measured): [string, string, string][] => [
  ['deviceMs', formatNumber(measured.deviceMs), `median of ${runs} ${runs === 1 ? 'run' : 'runs'} under Node, ${flavour}, ` +
    `${threads} ${threads === 1 ? 'thread' : 'threads'}; ${measured.p95Ms === null ? `p95 needs ${p95[2]} runs` : `p95 ${formatNumber(measured.p95Ms)}`}`],
  ['modelBytes', formatNumber(measured.modelBytes), `packed by brotli; ${formatNumber(measured.modelBytesRaw)} raw`],
  ['engineBytes', formatNumber(measured.engineBytes), `packed by brotli; ${formatNumber(measured.engineBytesRaw)} raw`],
];

const typedRows = ({ input, currency }: Prices): [string, string, string][] =>
  fieldNames.filter((name) => input[name] !== undefined).map((name) => [name, formatNumber(input[name]!, 15), unitIn(costFields[name].unit, currency)]);

const invented = 'The prices are an example: invented, not anybody\'s.';

function* describe(measured: Measured, prices: Prices, found: CostReport): Generator<string> {
  const { currency, example } = prices;
  yield 'measured:';
  yield* table(measuredRows(measured).map(([name, value, how]) => [`  ${name}`, value, how]), { right: [1] });
  const typed = typedRows(prices);
  if (typed.length > 0) yield `given${example ? ', as an example' : ''}:`;
  yield* table(typed.map(([name, value, unit]) => [`  ${name}`, value, unit]), { right: [1] });
  const { lines, leftOut, notGiven } = found;
  if (notGiven.length > 0) yield* ['not given:', ...fold(notGiven.join(', '), lineWidth - 2).map((line) => `  ${line}`)];
  if (lines.some(({ formula }) => formula !== nothingAdded)) {
    yield 'computed:';
    for (const { name, value, unit, formula, inserted } of lines) {
      yield* [`  ${name} ${formatNumber(value)} ${unitIn(unit, currency)}`, `    = ${formula}`];
      if (inserted !== formula) yield `    = ${inserted}`;
    }
    if (leftOut.length > 0) yield 'left out:';
    yield* table(leftOut.map((line) => [`  ${line.name}`, missingIn(line)]));
  }
  if (example) yield invented;
  yield* sentencesOf(found, currency);
}

function* document(measured: Measured, prices: Prices, found: CostReport): Generator<string> {
  const { currency, example } = prices;
  yield '# What it costs\n';
  if (example) yield `${invented}\n`;
  yield `${sentencesOf(found, currency).join(' ')}\n`;
  yield '| number | value | unit |\n| --- | ---: | --- |';
  for (const [name, value, how] of measuredRows(measured)) yield `| ${name} | ${value} | measured: ${how} |`;
  for (const [name, value, unit] of typedRows(prices)) yield `| ${name} | ${value} | ${unit} |`;
  yield '\n| result | value | unit | formula | with its numbers |\n| --- | ---: | --- | --- | --- |';
  for (const { name, value, unit, formula, inserted } of found.lines) {
    yield `| ${name} | ${formatNumber(value)} | ${unitIn(unit, currency)} | ${formula} | ${inserted} |`;
  }
  if (found.notGiven.length > 0) yield `\nNot given: ${found.notGiven.join(', ')}.`;
  if (found.leftOut.length === 0) return;
  yield '\n| left out | why |\n| --- | --- |';
  for (const line of found.leftOut) yield `| ${line.name} | ${missingIn(line)} |`;
}
