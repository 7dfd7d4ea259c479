// models.json, the format 'insitu-models/1': models by name, their versions, what each was made from, and channels that name one.
// Invariant: what comes out is whole: every member is known and has its type, and what is named is there. Whatever else is refused
// with its path; needs nothing of index.js, so that the command line reads it with the same code.
import { shown as inWords } from '../shown.js';

/** A file of a registry. */
export interface RegistryFile {
  /** Where it is, relative to models.json. */
  readonly url: string;
  /** 'sha256-<base64>' of it, as load() and fetch() take it. */
  readonly integrity: string;
}

/** A file that a model consists of. */
export interface RegistryModelFile extends RegistryFile {
  /** Its size. */
  readonly bytes: number;
}

/** What a gate said of a version. */
export interface RegistryGate extends RegistryFile {
  /** Of the report in the file. */
  readonly verdict: 'passed' | 'failed';
  /** ISO 8601, where it was said. */
  readonly when?: string;
}

/** Data that a version was made or measured with. */
export interface RegistryData {
  /** What it was used for. */
  readonly kind: 'training' | 'calibration' | 'evaluation';
  /** What it is called. */
  readonly name: string;
  /** Of the file, or of the list of the folder's files with their digests, in hexadecimal. */
  readonly sha256: string;
  /** How many files. */
  readonly files: number;
  /** Of all files. */
  readonly bytes: number;
}

/** What a version was made from. */
export interface RegistryParent {
  /** 'quantized', 'fine-tuned', 'converted', or another word. */
  readonly how: string;
  /** Of the model file it was made from. */
  readonly integrity: string;
  /** The name of its model, where it is in the registry. */
  readonly model?: string;
  /** Its version there. */
  readonly version?: string;
}

/** Where a version comes from. */
export interface RegistryProvenance {
  /** The revision of the code that made it. */
  readonly code?: string;
  /** The data that it was made and measured with. */
  readonly data?: readonly RegistryData[];
  /** Versions of the tools, by name. */
  readonly tools?: Readonly<Record<string, string>>;
  /** What it was made from. */
  readonly parents?: readonly RegistryParent[];
}

/** A version of a model. */
export interface RegistryVersion extends RegistryModelFile {
  /** The files that the model names, by that name. */
  readonly externalData?: Readonly<Record<string, RegistryModelFile>>;
  /** Its signature, as `insitu sign` writes it. */
  readonly signature?: RegistryFile & {
    /** What the signature calls the model. */
    readonly name: string;
  };
  /** A model card, CycloneDX as JSON. */
  readonly card?: RegistryFile;
  /** The reference profile of its watch. */
  readonly profile?: RegistryFile;
  /** What gates said of it. */
  readonly gates?: readonly RegistryGate[];
  /** Where it comes from. */
  readonly provenance?: RegistryProvenance;
}

/** A change of a channel. */
export interface RegistryChange {
  /** The version that it names from then on. */
  readonly version: string;
  /** Whether that was a new choice or the way back to the one before. */
  readonly how: 'promoted' | 'rolled back';
  /** ISO 8601, where it was said. */
  readonly when?: string;
}

/** Which version of a model a channel names, and named before. */
export interface RegistryChannel {
  /** The version of now. */
  readonly version: string;
  /** All changes, the first one first. */
  readonly history: readonly RegistryChange[];
}

/** A model of a registry. */
export interface RegistryEntry {
  /** By version. */
  readonly versions: Readonly<Record<string, RegistryVersion>>;
  /** By name: 'stable', 'canary', or others. */
  readonly channels: Readonly<Record<string, RegistryChannel>>;
}

/** The models of a registry, by name. */
export type RegistryModels = Readonly<Record<string, RegistryEntry>>;

/** What models.json holds. */
export interface RegistryDocument {
  /** 'insitu-models/1'. */
  readonly format: string;
  /** By name. */
  readonly models: RegistryModels;
}

/** Ends it: what is at `path` is wrong. */
export type RefusePath = (path: string, what: string) => never;
type Check = (value: unknown, path: string, refuse: RefusePath) => void;
type Fields = Record<string, unknown>;

export const registryFormat = 'insitu-models/1';
export const formatHint = 'docs/how-to/registry.md describes the format; `insitu registry verify` checks it.';

/** Of models, versions and channels. */
export const isName = (text: string) => /^[\p{L}\p{N}][\p{L}\p{N}._+-]{0,99}$/u.test(text);
export const isIntegrity = (text: string) => /^sha256-[A-Za-z0-9+/]{43}=$/.test(text);
export const isTime = (text: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text));

const memberOf = (path: string, name: string) => (/^[A-Za-z_]\w*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`);
const shown = (value: unknown) => (value === undefined ? 'missing' : inWords(value).slice(0, 60));

const matching = (what: string, holds: (text: string) => boolean): Check => (value, path, refuse) => {
  if (typeof value !== 'string' || !holds(value)) refuse(path, `is ${shown(value)}, not ${what}`);
};
const count: Check = (value, path, refuse) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) refuse(path, `is ${shown(value)}, not a whole number from 0`);
};
const oneOf = (...words: string[]) => matching(words.join(' or '), (text) => words.includes(text));
const fieldsOf = (value: unknown, path: string, refuse: RefusePath): Fields =>
  (typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Fields : refuse(path, `is ${shown(value)}, not an object`));

const object = (needed: Record<string, Check>, optional: Record<string, Check> = {}): Check => (value, path, refuse) => {
  const fields = fieldsOf(value, path, refuse);
  for (const name of Object.keys(fields)) {
    if (!Object.hasOwn(needed, name) && !Object.hasOwn(optional, name)) refuse(memberOf(path, name), 'is not a member of the format');
  }
  for (const [name, check] of Object.entries(needed)) check(Object.hasOwn(fields, name) ? fields[name] : undefined, memberOf(path, name), refuse);
  for (const [name, check] of Object.entries(optional)) if (Object.hasOwn(fields, name)) check(fields[name], memberOf(path, name), refuse);
};
const byName = (check: Check, holds = (name: string) => name !== ''): Check => (value, path, refuse) => {
  for (const [name, one] of Object.entries(fieldsOf(value, path, refuse))) {
    if (!holds(name)) refuse(memberOf(path, name), 'is no name: letters and digits, then also . _ + and -, 100 at most');
    check(one, memberOf(path, name), refuse);
  }
};
const list = (check: Check): Check => (value, path, refuse) => {
  if (!Array.isArray(value)) refuse(path, `is ${shown(value)}, not a list`);
  (value as unknown[]).forEach((one, i) => check(one, `${path}[${i}]`, refuse));
};

const text = matching('a text of 1 to 2,000 characters', ({ length }) => length > 0 && length <= 2_000);
const name = matching('a name', isName);
const integrity = matching("'sha256-<base64>'", isIntegrity);
const file = { url: text, integrity };
const modelFile = { ...file, bytes: count };
const time = { when: matching('a time such as 2026-01-31T12:00:00Z', isTime) };

const version = object(modelFile, {
  externalData: byName(object(modelFile)),
  signature: object({ ...file, name: text }),
  card: object(file),
  profile: object(file),
  gates: list(object({ ...file, verdict: oneOf('passed', 'failed') }, time)),
  provenance: object({}, {
    code: text,
    data: list(object({
      kind: oneOf('training', 'calibration', 'evaluation'), name: text, files: count, bytes: count,
      sha256: matching('64 hexadecimal digits', (digits) => /^[0-9a-f]{64}$/.test(digits)),
    })),
    tools: byName(text),
    parents: list(object({ how: text, integrity }, { model: name, version: name })),
  }),
});
const channel = object({ version: name, history: list(object({ version: name, how: oneOf('promoted', 'rolled back') }, time)) });
const document = object({
  format: oneOf(registryFormat),
  models: byName(object({ versions: byName(version, isName), channels: byName(channel, isName) }), isName),
});

/** The versions that a channel would go back to, the nearest last; what it names now is not among them. */
export function waysBack(history: readonly RegistryChange[]): string[] {
  const stack: string[] = [];
  for (const { how, version } of history) {
    if (how === 'rolled back') stack.pop();
    else stack.push(version);
  }
  return stack.slice(0, -1);
}

/** The document itself, once all of it holds. */
export function readModels(value: unknown, refuse: RefusePath): RegistryDocument {
  const { format } = fieldsOf(value, 'the file', refuse);
  if (format !== registryFormat) refuse('format', `is ${shown(format)}, not "${registryFormat}"`);
  document(value, '', (path, what) => refuse(path.replace(/^\./, ''), what));
  const { models } = value as RegistryDocument;
  for (const [name, entry] of Object.entries(models)) checkEntry(models, memberOf('models', name), entry, refuse);
  return value as RegistryDocument;
}

function checkEntry(models: RegistryModels, path: string, { versions, channels }: RegistryEntry, refuse: RefusePath): void {
  for (const [name, { version, history }] of Object.entries(channels)) {
    const at = memberOf(`${path}.channels`, name);
    if (Object.hasOwn(versions, name)) refuse(at, 'is the name of a version, too');
    history.forEach((change, i) => {
      if (!Object.hasOwn(versions, change.version)) refuse(`${at}.history[${i}].version`, `is ${shown(change.version)}, which is no version of the model`);
      if (change.how === 'rolled back' && waysBack(history.slice(0, i)).at(-1) !== change.version) {
        refuse(`${at}.history[${i}]`, 'does not go back to the version before');
      }
    });
    if (history.at(-1)?.version !== version) refuse(`${at}.version`, `is ${shown(version)}, not that of the last change in its history`);
  }
  for (const [name, { provenance: { parents = [] } = {} }] of Object.entries(versions)) {
    parents.forEach((parent, i) => {
      const at = `${memberOf(`${path}.versions`, name)}.provenance.parents[${i}]`;
      if ((parent.model === undefined) !== (parent.version === undefined)) refuse(at, 'names a model without a version, or a version without a model');
      if (parent.model !== undefined && !versionOf(models, parent.model, parent.version!)) {
        refuse(at, `is ${parent.model} ${parent.version}, which is not in the registry`);
      }
    });
  }
}

const own = <T>(all: Readonly<Record<string, T>>, name: string): T | undefined => (Object.hasOwn(all, name) ? all[name] : undefined);

export function versionOf(models: RegistryModels, name: string, version: string): RegistryVersion | undefined {
  return own(own(models, name)?.versions ?? {}, version);
}

export function channelOf(models: RegistryModels, name: string, channel: string): RegistryChannel | undefined {
  return own(own(models, name)?.channels ?? {}, channel);
}

/** Where a file of a registry at `base` is: on a site, or, for a registry that is a file, on the device; else undefined. */
export function addressOf(base: string, url: string): string | undefined {
  const found = URL.canParse(url, base) ? new URL(url, base) : undefined;
  return found && (/^https?:$/.test(found.protocol) || (found.protocol === 'file:' && base.startsWith('file:'))) ? found.href : undefined;
}

export const noAddress = (url: string) => `'${url.slice(0, 200)}' is no address that a registry may name`;
