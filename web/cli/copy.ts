// insitu copy: puts the files that a browser fetches where a site can serve them, and prints their digests.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail, toInsituError } from '../src/errors.js';
import { onePositional, printer, writeText } from './command.js';
import type { Command } from './command.js';
import { integrityOf, servedFiles } from './served-files.js';

export const copy: Command = {
  summary: 'copies the files that a browser fetches into a folder',
  help: `usage: insitu copy DIR [--module] [--json FILE]

Copies insitu/worker.js and the .mjs and .wasm files into DIR, makes it where it is missing, and prints a sha256 digest for each.
Name the address of DIR in the option \`assets\` of Engine.create() or load().

  --module         copies index.js and what it loads as well, for pages without a bundler
  --json FILE      writes {folder, files: [{name, bytes, integrity}]}; - is standard output

example: insitu copy public/insitu`,
  options: { module: { type: 'boolean' }, json: { type: 'string' } },
  async run(flags, positionals) {
    const folder = onePositional(positionals, 'DIR');
    const print = printer(flags);
    const served = servedFiles({ modules: flags.module === true });
    if (served.length === 0) fail('Internal', 'this package holds no files to copy', 'Install it again.');
    const files = served.map(({ name, bytes }) => ({ name, bytes: bytes.length, integrity: integrityOf(bytes) }));
    try {
      for (const { name, bytes } of served) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), bytes);
      }
    } catch (thrown) {
      fail('InvalidArgument', `cannot copy into ${folder}: ${toInsituError(thrown).message}`, 'Pass a folder that can be written to.',
        thrown);
    }
    for (const { name, integrity } of files) print(`${integrity}  ${name}`);
    if (flags.json !== undefined) writeText(flags.json, JSON.stringify({ folder, files }, null, 2));
    return 0;
  },
};
