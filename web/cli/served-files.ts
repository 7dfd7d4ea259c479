// The files of this package that a browser fetches by their address, and their digests.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Names of what a bundler does not see through: it copies these as they are, or leaves that to `insitu copy`. */
export const assetName = /^(worker\.js|insitu-(quantizer|(simd|relaxed)-(st|mt))\.(mjs|wasm))$/;
/** What a page without a bundler imports besides: index.js, and what that imports sooner or later. */
const moduleName = /^(index|resume|kept|kept-watch|image|audio|encryption|quantize|release|trust|watches|insitu\/in-process)\.js$/;

export interface ServedFile {
  name: string;
  bytes: Buffer;
}

/** dist/ of this package. */
export const ownFolder = fileURLToPath(new URL('./', import.meta.url));

/** Named as seen from there, in order; with `modules`, all that a page without a bundler needs. */
export function servedFiles({ folder = ownFolder, modules = false } = {}): ServedFile[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { encoding: 'utf8', recursive: true }).map((path) => path.replaceAll('\\', '/'));
  return names.filter((name) => assetName.test(basename(name)) || (modules && moduleName.test(name))).sort()
    .map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
}

/** As the `integrity` of subresources: 'sha256-<base64>'. */
export function integrityOf(bytes: Uint8Array): string {
  return `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
}
