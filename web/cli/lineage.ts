// insitu lineage: what a version of a model was made from, back to the first, with data, code, tools and gates, as a tree.
// Invariant: what was shown once is not shown again, so that it ends whatever the registry says.
import { versionOf } from '../src/registry/format.js';
import type { RegistryData, RegistryGate, RegistryParent } from '../src/registry/format.js';
import { onePositional, printer, writeText } from './command.js';
import type { Command } from './command.js';
import { checkOutputs } from './output.js';
import { filesNamed, findVersion, readRegistry, registryFlag, registryHelp, registryOf } from './registry/file.js';
import type { Entries } from './registry/file.js';

interface Lineage {
  /** Missing where the registry does not know what has the digest. */
  model?: string;
  version?: string;
  integrity: string;
  bytes?: number;
  channels?: string[];
  code?: string;
  tools?: Record<string, string>;
  data?: readonly RegistryData[];
  gates?: readonly RegistryGate[];
  /** Its parents are where it stands first. */
  above?: true;
  parents: { how: string; from: Lineage }[];
}

export const lineage: Command = {
  summary: 'what a version of a model was made from',
  help: `usage: insitu lineage NAME[@VERSION] [--registry FILE] [--json FILE]

Prints, as a tree, what a version was made from and how, with the digests of the data, the revision of the code, versions of tools,
and what gates said. VERSION may be a channel; default: stable.

${registryHelp}
  --json FILE      writes {model, version, integrity, bytes, channels, code, tools, data, gates, parents: [{how, from}]}, where
                   from is such an object again; - is standard output

example: insitu lineage digits@1.1.0`,
  options: { ...registryFlag, json: { type: 'string' } },
  async run(flags, positionals) {
    const wanted = onePositional(positionals, 'NAME');
    const file = registryOf(flags);
    const models = await readRegistry(file);
    checkOutputs({ '--json': flags.json }, [['the registry', file], ...filesNamed(file, models)]);
    const { name, version } = findVersion(file, models, wanted);
    const tree = lineageOf(models, name, version, new Set());
    const print = printer(flags);
    print(headOf(tree));
    for (const line of linesOf(tree, '')) print(line);
    if (flags.json !== undefined) writeText(flags.json, JSON.stringify(tree, null, 2));
    return 0;
  },
};

function lineageOf(models: Entries, model: string, version: string, seen: Set<string>): Lineage {
  const { integrity, bytes, gates, provenance: { code, data, tools, parents = [] } = {} } = models[model]!.versions[version]!;
  const channels = Object.entries(models[model]!.channels).filter(([, channel]) => channel.version === version).map(([name]) => name);
  const key = `${model}@${version}`;
  const head = { model, version, integrity, bytes, channels };
  if (seen.has(key)) return { ...head, above: true, parents: [] };
  seen.add(key);
  return { ...head, code, tools, data, gates, parents: parents.map((parent) => ({ how: parent.how, from: parentOf(models, parent, seen) })) };
}

/* A version whose digest is another one meanwhile is not what this was made from. */
function parentOf(models: Entries, { model, version, integrity }: RegistryParent, seen: Set<string>): Lineage {
  if (model !== undefined && versionOf(models, model, version!)?.integrity === integrity) return lineageOf(models, model, version!, seen);
  for (const [name, { versions }] of Object.entries(models)) {
    const found = Object.keys(versions).find((one) => versions[one]!.integrity === integrity);
    if (found !== undefined) return lineageOf(models, name, found, seen);
  }
  return { integrity, parents: [] };
}

function headOf({ model, version, integrity, bytes, channels = [], above }: Lineage): string {
  if (model === undefined) return `${integrity}, which is not in the registry`;
  const named = channels.length > 0 ? ` (${channels.join(', ')})` : '';
  return `${model} ${version}${named}${above ? ', as above' : `: ${bytes!.toLocaleString('en')} bytes, ${integrity}`}`;
}

function* linesOf({ code, tools = {}, data = [], gates = [], parents }: Lineage, indent: string): Generator<string> {
  const rows: { text: string; below?: Lineage }[] = [
    ...(code === undefined ? [] : [{ text: `code ${code}` }]),
    ...Object.entries(tools).map(([name, version]) => ({ text: `tool ${name} ${version}` })),
    ...data.map(({ kind, name, sha256, files, bytes }) =>
      ({ text: `${kind} data ${name}: ${files === 1 ? '1 file' : `${files.toLocaleString('en')} files`}, ${bytes.toLocaleString('en')} bytes, ${sha256}` })),
    ...gates.map(({ url, verdict, when }) => ({ text: `gate ${url}: ${verdict}${when ? `, ${when}` : ''}` })),
    ...parents.map(({ how, from }) => ({ text: `${how} from ${headOf(from)}`, below: from })),
  ];
  for (const [i, { text, below }] of rows.entries()) {
    const last = i === rows.length - 1;
    yield `${indent}${last ? '└─ ' : '├─ '}${text}`;
    if (below) yield* linesOf(below, `${indent}${last ? '   ' : '│  '}`);
  }
}
