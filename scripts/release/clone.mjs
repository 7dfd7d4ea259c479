// The package as a clean clone of a commit makes it: cloned, built by `npm run build`, packed by `npm pack`. What comes of third
// parties is taken from the per-user cache.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { capture } from '../lib/platform.mjs';
import { run, step, StepError } from '../lib/progress.mjs';

/**
 * Builds `commit` of the checkout `from` in `folder`, which is not there yet: of these flavours, or of all. `compilerCache`: whether
 * ccache may give objects that were compiled elsewhere. Gives the clone, the tarball, and what npm says of it.
 */
export async function buildClone({ label, from, commit, folder, flavours, compilerCache }) {
  const clone = join(folder, 'insitu');
  const packed = join(folder, 'packed');
  mkdirSync(packed, { recursive: true });
  await step(`clone and build the ${label} time`, async (task) => {
    await run(task, 'git', ['clone', '--quiet', '--no-hardlinks', '--no-checkout', from, clone]);
    await run(task, 'git', ['checkout', '--quiet', '--detach', commit], { cwd: clone });
    const env = compilerCache ? {} : { CCACHE_DISABLE: '1' };
    await run(task, 'npm', ['run', 'build', '--', ...flavours], { cwd: clone, env });
  });
  const said = capture('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', packed], { cwd: clone });
  if (!said) throw new StepError(`npm pack fails in ${clone}.`);
  const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(said);
  return { clone, tarball: join(packed, filename), size, unpackedSize, entryCount };
}
