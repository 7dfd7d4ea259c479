// Holds what is downloaded to its budget: files of dist/ as brotli packs them, in bytes, in scripts/size-budget.json.
// Prints each; exit status 1 if one is more than 2 % above its budget. Sizes are remembered by content.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { buildDir, distDir, root } from './lib/paths.mjs';

const kTolerance = 1.02;
const memory = join(buildDir, 'sizes.json');
const compress = promisify(brotliCompress);

async function packedSize(bytes) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return (await compress(bytes, { params })).length;
}

/** { name, size, budget, over } of every file of the budget that dist/ has. */
export async function measureSizes() {
  const budgets = JSON.parse(readFileSync(join(root, 'scripts', 'size-budget.json'), 'utf8'));
  const known = existsSync(memory) ? JSON.parse(readFileSync(memory, 'utf8')) : {};
  const now = {};
  const rows = await Promise.all(Object.entries(budgets).filter(([name]) => existsSync(join(distDir, name))).map(async ([name, budget]) => {
    const bytes = readFileSync(join(distDir, name));
    const hash = createHash('sha256').update(bytes).digest('hex');
    const size = known[hash] ?? await packedSize(bytes);
    now[hash] = size;
    return { name, size, budget, over: size > budget * kTolerance };
  }));
  writeFileSync(memory, JSON.stringify(now));
  return rows;
}

const bytesOf = (count) => `${count.toLocaleString('en-US')} bytes`;

/** One line each for the files that are too large. */
export async function checkSizes() {
  const rows = await measureSizes();
  return rows.filter(({ over }) => over).map(({ name, size, budget }) =>
    `dist/${name} is ${bytesOf(size)} (brotli), ${((100 * size) / budget - 100).toFixed(1)} % above its budget of ${bytesOf(budget)}: ` +
    'make it smaller, or raise scripts/size-budget.json and say why in the commit');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const rows = await measureSizes();
  for (const { name, size, budget, over } of rows) {
    console.log(`${name.padEnd(24)} ${bytesOf(size).padStart(14)}  ${((100 * size) / budget).toFixed(1).padStart(5)} % of the budget${over ? '  TOO LARGE' : ''}`);
  }
  process.exitCode = rows.some(({ over }) => over) ? 1 : 0;
}
