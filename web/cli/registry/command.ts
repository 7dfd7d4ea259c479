// insitu registry: a registry of models as a plain file, models.json, beside the models.
import { onePositional, printer, refuse, writeText } from '../command.js';
import type { Command, Flags } from '../command.js';
import { keyFiles } from '../inputs.js';
import { checkOutputs } from '../output.js';
import { table } from '../text.js';
import { whenHelp } from '../when.js';
import { add } from './add.js';
import { promote, rollback } from './channels.js';
import { verify } from './check.js';
import { filesNamed, readRegistry, registryFlag, registryHelp, registryOf, versionsOf } from './file.js';

const once = { type: 'string' } as const;
const often = { type: 'string', multiple: true } as const;

export const registry: Command = {
  summary: 'keeps versions of models, what they come from, and channels',
  help: `usage: insitu registry add MODEL --name N --version V [options]
       insitu registry promote NAME VERSION [--channel C] [--registry FILE]
       insitu registry rollback NAME [--channel C] [--registry FILE]
       insitu registry verify [FILE] [--key PUBLIC.pem] [--signature FILE] [--json FILE]
       insitu registry list [FILE] [--json FILE]

add writes a version into models.json with the digests of its files, which are in the folder of models.json or below. A version does
not change afterwards. promote lets a channel name a version, rollback the one before. verify looks at every file: there, as it was
added, gates passed, parents unchanged; with --key all versions signed, with --signature models.json itself, too. The exit status is
1 where something does not hold.

  --name N         what the model is called
  --version V      which version it is
  --profile FILE   the reference profile of its watch
  --card FILE      its card (insitu card)
  --signature FILE what insitu sign wrote; verify: of models.json itself
  --gate FILE      the JSON report of a gate; may be repeated
  --parent P=HOW   what it was made from, and how: VERSION=quantized, NAME@VERSION=fine-tuned, sha256-<base64>=converted, or
                   FILE=HOW; may be repeated
  --code REVISION  of the code that made it
  --data KIND=DIR  data it was made or measured with: training, calibration or evaluation, a folder or a file; may be repeated
  --tool NAME=V    the version of a tool that made it; may be repeated
  --force          add: changes a version that is there; promote: takes one that did not pass a gate
  --channel C      default: stable
${whenHelp}
${registryHelp}
  --key FILE       verify: a public key, PEM; one of them must have signed; may be repeated
  --json FILE      verify: {holds, findings: [{model, version, what, state, why}]}; list: the models; - is standard output

example: insitu registry add models/digits.onnx --name digits --version 1.0.0 --registry models/models.json`,
  options: {
    ...registryFlag, name: once, version: once, profile: once, card: once, signature: once, code: once, channel: once, when: once,
    gate: often, parent: often, data: often, tool: often, key: often, force: { type: 'boolean' }, json: once,
  },
  async run(flags, [command, ...positionals]) {
    const print = printer(flags);
    checkOutputs({ '--json': flags.json }, [
      ['the registry', fileIn(flags, command === 'verify' || command === 'list' ? positionals : [])],
      ...(flags.signature === undefined ? [] : [['the signature', String(flags.signature)] as [string, string]]), ...keyFiles(flags),
    ]);
    if (command === 'add') return add(flags, positionals, print);
    if (command === 'promote') return promote(flags, positionals, print);
    if (command === 'rollback') return rollback(flags, positionals, print);
    if (command === 'verify') return verify(flags, fileIn(flags, positionals), print);
    if (command === 'list') return list(flags, fileIn(flags, positionals), print);
    return refuse(command === undefined ? 'pass add, promote, rollback, verify or list' : `there is no 'insitu registry ${command}'`);
  },
};

function fileIn(flags: Flags, positionals: string[]): string {
  return positionals.length === 0 ? registryOf(flags) : onePositional(positionals, 'FILE');
}

async function list(flags: Flags, file: string, print: (line: string) => void): Promise<number> {
  const models = await readRegistry(file);
  checkOutputs({ '--json': flags.json }, filesNamed(file, models));
  const rows = Object.entries(models).flatMap(([name, model]) => versionsOf(model).map((version) => {
    const entry = model.versions[version]!;
    const named = Object.entries(model.channels).filter(([, channel]) => channel.version === version).map(([channel]) => channel);
    const gates = entry.gates?.map(({ verdict }) => verdict) ?? [];
    const passed = gates.length === 0 ? '' : `${gates.filter((one) => one === 'passed').length} of ${gates.length} gates passed`;
    return [name, version, `${entry.bytes.toLocaleString('en')} bytes`, named.join(' '), entry.signature ? 'signed' : '', passed];
  }));
  for (const line of table(rows, { right: [2] })) print(line);
  if (flags.json !== undefined) writeText(flags.json, JSON.stringify(models, null, 2));
  return 0;
}
