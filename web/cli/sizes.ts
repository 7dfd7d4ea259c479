// How many bytes files are, as they are and as brotli packs them.
// Invariant: the same bytes give the same sizes.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { externalNames, isAddress } from './external-names.js';
import { contentOf } from './registry/file.js';

export interface Sizes {
  raw: number;
  packed: number;
}

const compress = promisify(brotliCompress);
/* From here on brotli takes minutes at its best, which is what servers that pack beforehand use. */
const bestUpTo = 4 * 2 ** 20;

/** Of a model with the external data beside it, or of one at an address, which has none. */
export async function sizesOfModel(model: string): Promise<Sizes> {
  if (isAddress(model)) return sizesOf([(await contentOf(model)).bytes]);
  return sizesOf([model, ...externalNames(model).map((name) => join(dirname(model), name))]);
}

export async function sizesOf(files: readonly (string | Uint8Array)[]): Promise<Sizes> {
  const sizes = await Promise.all(files.map(async (file) => {
    const bytes = typeof file === 'string' ? readFileSync(file) : file;
    const quality = bytes.length > bestUpTo ? 5 : constants.BROTLI_MAX_QUALITY;
    const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    return { raw: bytes.length, packed: (await compress(bytes, { params })).length };
  }));
  return sizes.reduce((sum, { raw, packed }) => ({ raw: sum.raw + raw, packed: sum.packed + packed }), { raw: 0, packed: 0 });
}
