// Measures what docs/monitoring.md promises of the watch and writes the table there; some minutes. Fails where a bound
// does not hold.
//
// usage: node scripts/calibrate.mjs
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildWeb } from './build-web.mjs';
import { buildModule, buildPreset, folderOf } from './lib/flavours.mjs';
import { runMain, say, StepError } from './lib/progress.mjs';
import { root } from './lib/paths.mjs';
import { setup } from './setup.mjs';

const page = join(root, 'docs', 'monitoring.md');
const marked = /(<!-- calibrate -->\n)[\s\S]*?(<!-- \/calibrate -->)/;

await runMain(async () => {
  await setup({ flavours: ['native', 'simd-st', 'relaxed-st'], browser: true });
  await buildPreset('release', ['insitu_calibrate']);
  for (const flavour of ['simd-st', 'relaxed-st']) await buildModule(flavour);
  await buildWeb();
  const rows = [];
  for (const [command, ...args] of [
    [join(folderOf('release'), 'tests', 'insitu_calibrate')],
    [process.execPath, join(root, 'tests', 'calibrate', 'handwriting.mjs')],
    [process.execPath, join(root, 'tests', 'calibrate', 'overhead.mjs')],
  ]) {
    const program = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(program, 'close');
    for await (const line of createInterface({ input: program.stdout })) {
      say(line);
      rows.push(`| ${line} |`);
    }
    const [code] = await ended;
    if (code !== 0 && code !== 1) throw new StepError(`${command} ended with ${code}.`);
  }
  const table = ['| what | bound | measured | holds |', '|---|---|---|---|', ...rows, ''].join('\n');
  const text = readFileSync(page, 'utf8');
  if (!marked.test(text)) throw new StepError('docs/monitoring.md has lost the marks of the table.');
  writeFileSync(page, text.replace(marked, (_, begin, end) => begin + table + end));
  if (rows.some((row) => row.endsWith('| NO |'))) throw new StepError('A bound does not hold; see the table.');
});
