// insitu verify: whether a signature holds, and which files are those that were signed.
// Reference: OpenSSF Model Signing specification 1.0, section 8.
import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fail } from '../src/errors.js';
import { openSource } from '../src/source.js';
import { verify as verifySignature } from '../src/trust/trust.js';
import { isFolder, listOf, printer, refuse, writeText } from './command.js';
import type { Command } from './command.js';
import { keyFiles } from './inputs.js';
import { checkOutputs } from './output.js';
import { digestOf, leftOut, readKeyFile } from './signing.js';
import { paint, table } from './text.js';

type State = 'holds' | 'changed' | 'missing' | 'not listed';

export const verify: Command = {
  summary: 'says which files are those that were signed',
  help: `usage: insitu verify SIGNATURE --key PUBLIC.pem [DIR] [--json FILE]

Checks the signature, and every file of DIR (default: the folder of SIGNATURE) against it:
  holds            the file is the one that was signed
  changed          it is not
  missing          it was signed, and is not there
  not listed       it is there, and was not signed
All but the first make the exit status 1.

  --key PUBLIC.pem  the public key of who signs, PEM; may be repeated where several may sign; - is standard input
  --ignore-unsigned-files
                   says nothing of files that are not listed
  --json FILE      writes {files: [{name, state}]}; - is standard output

example: insitu verify model.onnx.sig --key public.pem`,
  options: {
    key: { type: 'string', multiple: true }, 'ignore-unsigned-files': { type: 'boolean' }, json: { type: 'string' },
  },
  async run(flags, [signature, folder, ...more]) {
    if (signature === undefined || more.length > 0) refuse('pass one SIGNATURE and at most one DIR');
    const keys = listOf(flags.key);
    if (keys.length === 0) refuse('insitu verify wants --key PUBLIC.pem');
    const within = folder ?? dirname(signature);
    if (isFolder(signature)) fail('InvalidArgument', `the signature ${signature} is a folder`, 'Name the file that insitu sign wrote.');
    if (!isFolder(within)) {
      fail('InvalidArgument', `${within} is no folder`, 'Pass the folder with the files that were signed.');
    }
    checkOutputs({ '--json': flags.json }, [['SIGNATURE', signature], ...keyFiles(flags)]);
    const print = printer(flags);
    const { files, ignored } = await verifySignature({ fail, openSource }, signature, keys.map(readKeyFile));
    checkOutputs({ '--json': flags.json }, files.map(({ name }) => [`${name}, which is signed,`, join(within, name)]));
    const rows: { name: string; state: State }[] = [];
    for (const { name, sha256 } of files) rows.push({ name, state: await stateOf(join(within, name), sha256) });
    if (!flags['ignore-unsigned-files']) {
      const known = new Set([...files.map(({ name }) => name), ...leftOut, ...ignored, relative(within, signature).split(sep).join('/')]);
      for (const name of others(within, '', known)) rows.push({ name, state: 'not listed' });
    }
    const wrong = rows.filter(({ state }) => state !== 'holds').length;
    const colours = { holds: 'green', changed: 'red', missing: 'red', 'not listed': 'yellow' } as const;
    const lines = table(rows.map(({ name, state }) => [state, name]));
    rows.forEach(({ state }, i) => print(lines[i]!.replace(state, paint(state, colours[state]))));
    print(wrong === 0 ? `${files.length} of ${files.length} files hold` : `${wrong} of ${rows.length} files do not hold`);
    if (flags.json !== undefined) writeText(flags.json, JSON.stringify({ files: rows }, null, 2));
    return wrong === 0 ? 0 : 1;
  },
};

async function stateOf(file: string, sha256: string): Promise<State> {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (!found) return 'missing';
  return found.isFile() && (await digestOf(file)) === sha256 ? 'holds' : 'changed';
}

/* What is below `path` that is not known, by name; of folders that are known nothing. */
function others(folder: string, path: string, known: ReadonlySet<string>): string[] {
  const entries = readdirSync(join(folder, path), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.map((entry) => ({ entry, name: path + entry.name })).filter(({ name }) => !known.has(name))
    .flatMap(({ entry, name }) => (entry.isDirectory() ? others(folder, `${name}/`, known) : [name]));
}
