// Where things live: the checkout, its ignored build folder, and the per-user cache outside the
// checkout that holds whatever was fetched or built of third parties.
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const buildDir = join(root, 'build');
export const distDir = join(root, 'dist');
export const setupFile = join(buildDir, 'setup.cmake');

export function cacheDir() {
  if (process.env.INSITU_CACHE) return resolve(process.env.INSITU_CACHE);
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'insitu');
}
