// Measures what docs/monitoring.md promises of the watch and writes the table there; some minutes. Fails where a bound
// does not hold.
//
// usage: node scripts/calibrate.mjs
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildPreset, folderOf } from './lib/flavours.mjs';
import { runMain, say, StepError } from './lib/progress.mjs';
import { root } from './lib/paths.mjs';
import { setup } from './setup.mjs';

const page = join(root, 'docs', 'monitoring.md');
const marked = /(<!-- calibrate -->\n)[\s\S]*?(<!-- \/calibrate -->)/;

await runMain(async () => {
  await setup({ flavours: ['native'] });
  await buildPreset('release', ['insitu_calibrate']);
  const program = spawn(join(folderOf('release'), 'tests', 'insitu_calibrate'), { stdio: ['ignore', 'pipe', 'inherit'] });
  const rows = [];
  for await (const line of createInterface({ input: program.stdout })) {
    say(line);
    rows.push(`| ${line} |`);
  }
  const table = ['| what | bound | measured | holds |', '|---|---|---|---|', ...rows, ''].join('\n');
  const text = readFileSync(page, 'utf8');
  if (!marked.test(text)) throw new StepError('docs/monitoring.md has lost the marks of the table.');
  writeFileSync(page, text.replace(marked, (_, begin, end) => begin + table + end));
  if (rows.some((row) => row.endsWith('| NO |'))) throw new StepError('A bound does not hold; see the table.');
});
