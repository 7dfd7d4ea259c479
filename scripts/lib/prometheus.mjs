// A Prometheus for the tests that scrape with one: the one on PATH, or else Debian's package of it unpacked into the cache;
// nothing of the system changes, and no service starts.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { downloadPackage } from './apt.mjs';
import { entry, keyOf } from './cache.mjs';
import { onPath } from './platform.mjs';
import { run, step } from './progress.mjs';

/** The path of the program. Throws a StepError where there is neither. */
export async function ensurePrometheus(platform) {
  const found = onPath('prometheus');
  if (found) return found;
  const folder = await entry('prometheus', keyOf(1, platform.codename), (partial) =>
    step('fetch Prometheus', async (task) => {
      await downloadPackage(task, platform, 'prometheus', partial);
      const deb = readdirSync(partial).find((name) => name.endsWith('.deb'));
      await run(task, 'dpkg-deb', ['-x', join(partial, deb), partial]);
    }));
  return join(folder, 'usr', 'bin', 'prometheus');
}
