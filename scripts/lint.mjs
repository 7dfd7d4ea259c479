// Formatting (clang-format), analysis (clang-tidy on the files given, or on none), types (tsc) and
// the layer check. --fix rewrites C++ files in place.
//
// usage: node scripts/lint.mjs [--fix] [FILE.cc ...]
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkLayers } from './check-layers.mjs';
import { ensurePackages } from './lib/apt.mjs';
import { ensureNodeModules } from './lib/npm.mjs';
import { buildDir, root } from './lib/paths.mjs';
import { capture, describePlatform } from './lib/platform.mjs';
import { run, runMain, say, step, StepError } from './lib/progress.mjs';

const fix = process.argv.includes('--fix');
const tidy = process.argv.slice(2).filter((arg) => arg.endsWith('.cc'));

await runMain(async () => {
  await ensurePackages(describePlatform(), 'formatting and analysis tools', ['clang-format-19', 'clang-tidy-19']);
  await ensureNodeModules();
  const tracked = capture('git', ['ls-files', '*.cc', '*.h'], { cwd: root }) ?? '';
  const files = tracked.split('\n').filter((name) => name && existsSync(join(root, name)));
  await step('clang-format', (task) =>
    run(task, 'clang-format-19', [...(fix ? ['-i'] : ['--dry-run', '-Werror']), ...files], { cwd: root }),
  );
  if (tidy.length > 0) {
    await step('clang-tidy', (task) => run(task, 'clang-tidy-19', ['-p', join(buildDir, 'release'), ...tidy], { cwd: root }));
  }
  await step('types', (task) =>
    run(task, process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '--noEmit'], { cwd: root }),
  );
  const offences = checkLayers();
  for (const offence of offences) say(offence);
  if (offences.length > 0) throw new StepError(`${offences.length} offences against layers or lengths.`);
});
