// insitu copy: puts the files that a browser fetches where a site can serve them, and prints their digests.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail } from '../src/errors.js';
import { onePositional } from './command.js';
import type { Command } from './command.js';

const served = /^(insitu[/\\]worker\.js|insitu-(simd|relaxed)-(st|mt)\.(mjs|wasm))$/;

export const copy: Command = {
  summary: 'copies the files that a browser fetches into a folder',
  help: `usage: insitu copy DIR

Copies insitu/worker.js and the .mjs and .wasm files into DIR, makes it where it is missing, and prints a sha256 digest for each.
Name the address of DIR in the option \`assets\` of Engine.create() or load().`,
  options: {},
  async run(_flags, positionals) {
    const folder = onePositional(positionals, 'DIR');
    const here = fileURLToPath(new URL('./', import.meta.url));
    const paths = readdirSync(here, { encoding: 'utf8', recursive: true }).filter((path) => served.test(path)).sort();
    if (paths.length === 0) fail('Internal', 'this package holds no files to copy', 'Install it again.');
    for (const path of paths) {
      const bytes = readFileSync(join(here, path));
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
      console.log(`sha256-${createHash('sha256').update(bytes).digest('base64')}  ${path}`);
    }
    return 0;
  },
};
