// node_modules for the TypeScript build: installed from package-lock.json when absent or older.
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { run, step } from './progress.mjs';

export async function ensureNodeModules() {
  const lock = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules', '.insitu-lock.json');
  if (!existsSync(lock)) return;
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(lock, 'utf8')) return;
  await step('install npm packages', async (task) => {
    await run(task, 'npm', ['ci', '--no-audit', '--no-fund'], { cwd: root });
    copyFileSync(lock, installed);
  });
}
