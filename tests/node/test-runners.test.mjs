// What runs the tests: a stage that ran nothing has not passed.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { after, test } from 'node:test';

import { statisticsOf } from '../../scripts/fuzz.mjs';
import { buildDir, root } from '../../scripts/lib/paths.mjs';
import { StepError } from '../../scripts/lib/progress.mjs';
import { runCatch, runNode } from '../../scripts/lib/test-runners.mjs';

const folder = mkdtempSync(join(buildDir, 'runners-'));
after(() => rmSync(folder, { recursive: true }));
delete process.env.NODE_TEST_CONTEXT;  // which makes a test runner inside this one report in another way
const preset = basename(folder);
const tests = join(folder, 'tests');
mkdirSync(tests);
const task = { log: join(folder, 'log'), detail: '' };
const stepError = (pattern) => (thrown) => thrown instanceof StepError && thrown.log === task.log && pattern.test(thrown.message);

/* A program that reports as Catch2 does: so many tests, or with the tag [long] so many. */
function program(name, count, long) {
  writeFileSync(join(tests, name), `#!${process.execPath}
    const report = process.argv.find((one) => one.startsWith('xml::out=')).slice('xml::out='.length);
    const successes = process.argv.includes('[long]') ? ${long} : ${count};
    process.getBuiltinModule('fs').writeFileSync(report, \`<OverallResultsCases successes="\${successes}" failures="0" expectedFailures="0" skips="0"/>\`);`);
  chmodSync(join(tests, name), 0o755);
}

test('Catch2 programs are those that CMake lists, and a tag without tests is an error', async () => {
  program('test_one', 3, 1);
  program('test_two', 4, 0);
  program('test_gone', 100, 100);  // of a folder that was removed
  writeFileSync(join(folder, 'CTestTestfile.cmake'), 'subdirs("tests")\n');
  writeFileSync(join(tests, 'CTestTestfile.cmake'), 'add_test([=[one]=] "/test_one")\nadd_test([=[two]=] "/test_two")\n');
  assert.deepEqual(await runCatch(task, preset), { passed: 7, failed: 0, skipped: 0 });
  assert.deepEqual(await runCatch(task, preset, { tag: '[long]' }), { passed: 1, failed: 0, skipped: 0 });
  assert.deepEqual(await runCatch(task, preset, { programs: ['test_two'] }), { passed: 4, failed: 0, skipped: 0 });
  await assert.rejects(runCatch(task, preset, { programs: ['test_two'], tag: '[long]' }), stepError(/^There is no test of the tag \[long\] in runners-/));
  await assert.rejects(runCatch(task, preset, { programs: ['test_three'] }), stepError(/test_three/));
});

test('a folder without tests is an error', async () => {
  writeFileSync(join(folder, 'empty.test.mjs'), 'import { describe } from "node:test"; describe("nothing", () => {});');
  await assert.rejects(runNode(task, relative(root, folder)), stepError(/^There is no test in build/));
});

test('tests in folders below are run, and a suite that is skipped counts', async () => {
  const above = join(folder, 'above');
  mkdirSync(join(above, 'below'), { recursive: true });
  writeFileSync(join(above, 'below', 'one.test.mjs'), `import { describe, test } from "node:test";
    test("runs", () => {});
    describe("elsewhere", { skip: "there is no elsewhere" }, () => test("never", () => {}));`);
  assert.deepEqual(await runNode(task, relative(root, above)), { passed: 1, failed: 0, skipped: 1 });
});

test('a fuzzer that says nothing of what it tried has not passed', () => {
  const output = '#2\tINITED cov: 90 ft: 90\n#9\tDONE   cov: 123 ft: 200\nstat::number_of_executed_units: 4567\n';
  assert.deepEqual(statisticsOf(output, 'model', task.log), { executed: 4567, reached: '123' });
  for (const wrong of ['', 'No such target', output.replace(/^stat.*$/m, ''), output.replace('4567', '0'), output.replaceAll('cov', '')]) {
    assert.throws(() => statisticsOf(wrong, 'model', task.log), stepError(/any input of model/));
  }
});
