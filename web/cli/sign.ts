// insitu sign: a detached signature over a model, its external data and what else is named.
// Invariant: what is signed is what the files hold now; the private key is read and nothing of it is written.
import { lstatSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fail } from '../src/errors.js';
import { findModel } from './cases.js';
import { printer, refuse, writeText } from './command.js';
import type { Command } from './command.js';
import { externalNames } from './external-names.js';
import { checkOutputs } from './output.js';
import { bundleOf, digestOf, leftOut, privateKeyOf, readKeyFile } from './signing.js';
import type { DigestedFile } from './signing.js';
import { writeWhole } from './write.js';

export const sign: Command = {
  summary: 'signs a model with its external data, and other files',
  help: `usage: insitu sign MODEL [FILE ...] --key KEY.pem [-o SIGNATURE] [--json FILE]

Writes a detached signature (OpenSSF Model Signing v1.0) of MODEL, of the external data that it names, and of every FILE: a profile,
a card, a tokenizer. They are named relative to the folder of the model and have to be in it or below.

  --key KEY.pem    the private key, PEM: ECDSA on P-256 (best for browsers), P-384 or P-521, or Ed25519; - is standard input
  -o SIGNATURE     where to write the signature; default: MODEL.sig
  --json FILE      writes {signature, files: [{name, sha256}]}; - is standard output

example: insitu sign model.onnx model.profile.json card.md --key key.pem`,
  options: { key: { type: 'string' }, output: { type: 'string', short: 'o' }, json: { type: 'string' } },
  async run(flags, [path, ...others]) {
    const { key: keyFile } = flags;
    if (path === undefined) refuse('pass a MODEL');
    if (typeof keyFile !== 'string') refuse('insitu sign wants --key KEY.pem');
    const print = printer(flags);
    const model = findModel(path);
    const folder = dirname(model);
    const external = externalNames(model).map((name) => join(folder, name));
    const to = String(flags.output ?? `${model}.sig`);
    checkOutputs({ '-o': to, '--json': flags.json }, [
      ['MODEL', model], ...(keyFile === '-' ? [] : [['the key', keyFile] as [string, string]]),
      ...[...external, ...others].map((file): [string, string] => [`${file}, which is to be signed,`, file]),
    ]);
    const output = relative(folder, to).split(sep).join('/');
    const key = privateKeyOf(readKeyFile(keyFile), keyFile);
    const names = new Set([
      ...[model, ...others].map((file) => nameIn(folder, file, 'Check the path of the file.')),
      ...external.map((file) => nameIn(folder, file, 'The model names it as external data: put it there.')),
    ]);
    const files: DigestedFile[] = [];
    for (const name of names) files.push({ name, sha256: await digestOf(join(folder, name)) });
    const ignored = output.startsWith('..') || isAbsolute(output) ? leftOut : [...leftOut, output];
    writeWhole(to, await bundleOf(basename(model), files, ignored, key));
    for (const { name, sha256 } of files) print(`${sha256}  ${name}`);
    print(`signed in ${to}`);
    if (flags.json !== undefined) writeText(flags.json, JSON.stringify({ signature: to, files }, null, 2));
    return 0;
  },
};

/* `missing`: what to do where it is not there. */
function nameIn(folder: string, file: string, missing: string): string {
  const name = relative(resolve(folder), resolve(file));
  if (name === '' || name === '..' || name.startsWith(`..${sep}`) || isAbsolute(name)) {
    fail('InvalidArgument', `${file} is not in the folder of the model, ${folder}`, 'Put it there or below: files are named relative to the model.');
  }
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (!found) fail('InvalidArgument', `there is no file ${file}`, missing);
  if (!found.isFile()) fail('InvalidArgument', `${file} is no file, but a folder or a link`, 'Name files.');
  return name.split(sep).join('/');
}
