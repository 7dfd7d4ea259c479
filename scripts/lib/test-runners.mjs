// Runs the test programs and counts what they report: Catch2 through its XML reporter, Node's tests
// through TAP. Counts are { passed, failed, skipped }; a program that ends badly without a report
// counts as one failure, and where no test was found at all, that is an error.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { folderOf } from './flavours.mjs';
import { root } from './paths.mjs';
import { run, say, StepError } from './progress.mjs';
import { wasmFlavours } from './third-party.mjs';

export const noTests = { passed: 0, failed: 0, skipped: 0 };

export function add(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

function attribute(tag, name) {
  return Number(new RegExp(`\\b${name}="(\\d+)"`).exec(tag)?.[1] ?? 0);
}

function catchCounts(report, code) {
  const tag = existsSync(report) ? /<OverallResultsCases[^>]*>/.exec(readFileSync(report, 'utf8'))?.[0] : undefined;
  if (!tag) return { passed: 0, failed: 1, skipped: 0 };
  const failed = attribute(tag, 'failures');
  return {
    passed: attribute(tag, 'successes') + attribute(tag, 'expectedFailures'),
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: attribute(tag, 'skips'),
  };
}

/* As CMake lists them: other programs in the folder are left from what is no more. */
async function catchPrograms(task, preset) {
  const { output } = await run(task, 'ctest', ['--test-dir', folderOf(preset), '--show-only=json-v1']);
  return JSON.parse(output).tests.map(({ name }) => `test_${name}`).sort();
}

function found(total, what, task) {
  if (total.passed + total.failed + total.skipped === 0) throw new StepError(`There is no test ${what}.`, task.log);
  return total;
}

/** Runs the Catch2 programs of a preset, which have to be built: all, or `programs`; with `tag`, their hidden tests of that tag. */
export async function runCatch(task, preset, { programs, tag } = {}) {
  const folder = join(folderOf(preset), 'tests');
  const wasm = wasmFlavours.includes(preset);
  const ending = wasm ? '.cjs' : '';
  const names = programs ?? await catchPrograms(task, preset);
  let total = noTests;
  for (const [index, name] of names.entries()) {
    task.detail = `[${index + 1}/${names.length}] ${name}`;
    const report = join(folder, `${name}.xml`);
    rmSync(report, { force: true });
    const program = join(folder, name + ending);
    const reporters = ['--reporter', 'console', '--reporter', `xml::out=${report}`, '--allow-running-no-tests', ...(tag ? [tag] : [])];
    const [command, args] = wasm
      ? [process.execPath, ['--experimental-wasm-relaxed-simd', program, ...reporters]]
      : [program, reporters];
    const { code, output } = await run(task, command, args, { cwd: root, okCodes: 'any' });
    const counts = catchCounts(report, code);
    if (counts.failed > 0) say(output.trimEnd().split('\n').slice(-80).join('\n'));
    say(`  ${preset} ${name}: ${summary(counts)}`);
    total = add(total, counts);
  }
  return found(total, tag ? `of the tag ${tag} in ${preset}` : `in ${preset}`, task);
}

/** Runs Node's test runner over the *.test.mjs files of a folder and of those in it. A suite that is skipped counts as one test. */
export async function runNode(task, folder, args = []) {
  const files = readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith('.test.mjs'))
    .map((name) => join(folder, name));
  const { code, output } = await run(
    task,
    process.execPath,
    ['--test', '--test-reporter=tap', ...args, ...files],
    { cwd: root, okCodes: 'any' },
  );
  const count = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  const failed = count('fail') + count('cancelled'), skips = output.match(/^\s*ok .*# SKIP.*$/gm) ?? [];
  const counts = {
    passed: count('pass'),
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: skips.length + count('todo'),
  };
  if (counts.failed > 0) {
    const lines = output.split('\n');
    const at = lines.flatMap((line, index) => (/^\s*not ok /.test(line) ? [index] : []));
    for (const index of at) say(lines.slice(index, index + 25).join('\n'));
  }
  for (const line of skips) say(`  ${line.trim()}`);
  return found(counts, `in ${folder}`, task);
}

export function summary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
