// What is signed: an in-toto statement with the predicate of OpenSSF Model Signing v1.0, a digest for each file.
// Invariant: read only after its signature has been verified; of what it lists each name is there once and stays within a folder.
// References: in-toto attestation framework, statement v1; OpenSSF Model Signing specification 1.0, sections 5 and 6.
import { pageUrl } from '../environment.js';
import type { SignedFile } from '../signature.js';
import { isFields, parseFields } from './bundle.js';
import type { Refuse } from './bundle.js';

export const statementType = 'https://in-toto.io/Statement/v1';
export const predicateType = 'https://model_signing/signature/v1.0';

const mostFiles = 10_000, longestName = 1_024;

export interface Statement {
  files: SignedFile[];
  /** Paths that who signed left out. */
  ignored: string[];
}

export async function readStatement(refuse: Refuse, payload: Uint8Array): Promise<Statement> {
  const { _type, predicateType: type, subject, predicate } = parseFields(refuse, payload, 'is over');
  if (_type !== statementType) refuse('is over no in-toto statement v1');
  if (type !== predicateType) refuse(`is over another predicate than ${predicateType}`, 'Sign the model with `insitu sign`.');
  if (!isFields(predicate)) refuse('has no predicate');
  const { resources, serialization } = predicate;
  const { method, hash_type, ignore_paths = [] } = isFields(serialization) ? serialization : {};
  if (method !== 'files') refuse(`serializes ${shown(method)}, not files`, 'Sign whole files, not shards of them.');
  if (hash_type !== 'sha256') refuse(`hashes with ${shown(hash_type)}, not sha256`, 'Sign with sha256.');
  if (!Array.isArray(resources) || resources.length === 0 || resources.length > mostFiles) {
    refuse(`lists no files, or more than ${mostFiles}`);
  }
  const [one, ...others] = Array.isArray(subject) ? subject : [];
  if (!isFields(one) || others.length > 0) refuse('has not one subject');
  const files = resources.map((resource) => readFile(refuse, resource, resources.length === 1 ? one.name : undefined));
  const root = isFields(one.digest) ? one.digest.sha256 : undefined;
  if (root !== await rootDigest(files)) refuse('has a subject whose digest is not that of the files it lists');
  const names = new Set(files.map(({ name }) => name));
  if (names.size < files.length) refuse('lists a name twice');
  return { files, ignored: Array.isArray(ignore_paths) ? ignore_paths.filter((path) => typeof path === 'string') : [] };
}

const shown = (value: unknown) => (typeof value === 'string' ? `'${value.slice(0, 100)}'` : 'nothing known');

/* Versions before 1.0.1 called a file that was signed alone '.': the subject has its name. */
function readFile(refuse: Refuse, resource: unknown, alone: unknown): SignedFile {
  const { name: listed, digest, algorithm } = isFields(resource) ? resource : {};
  const name = listed === '.' ? alone : listed;
  if (typeof name !== 'string' || name.length > longestName || !isPath(name)) refuse('lists a file without a proper name');
  if (algorithm !== 'sha256' || typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) {
    refuse(`lists ${shown(name)} without a sha256 digest`);
  }
  return { name, sha256: digest, integrity: `sha256-${btoa(String.fromCharCode(...ofHex(digest)))}` };
}

/* Relative, by slashes, within the folder. */
const isPath = (name: string) => name.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));

/** What a file is called, by its address or path. */
export function lastPart(called: string): string {
  const url = URL.canParse(called, pageUrl()) ? new URL(called, pageUrl()) : undefined;
  const last = (url?.pathname ?? called).split(/[\\/]/).at(-1)!;
  try {
    return url ? decodeURIComponent(last) : last;
  } catch {
    return last;
  }
}

/** Those with this last part, in whichever folder. */
export function filesCalled(files: readonly SignedFile[], last: string): SignedFile[] {
  return files.filter(({ name }) => name.slice(name.lastIndexOf('/') + 1) === last);
}

/** What puts right that a file is not listed, or several of its name are. */
export const oneOfItsName = 'Sign it under the name that it has in its address, and no other file of that name.';

/** Whether the one file that is called as what is at `called` was signed with this digest. */
export function isListed(files: readonly SignedFile[], called: string, integrity: string): boolean {
  const [file, another] = filesCalled(files, lastPart(called));
  return another === undefined && file?.integrity === integrity;
}

/** What a file that a model names is called, relative to what was signed. */
export function beside(model: string, name: string): string {
  return model.slice(0, model.lastIndexOf('/') + 1) + name.replace(/^(\.\/)+/, '');
}

const ofHex = (hex: string) => hex.match(/../g)!.map((byte) => parseInt(byte, 16));

/** The digest of all digests, in the order of the list. */
export function rootDigest(files: readonly { sha256: string }[]): Promise<string> {
  return hexDigest(new Uint8Array(files.flatMap(({ sha256 }) => ofHex(sha256))));
}

/** SHA-256 in hexadecimal. */
export async function hexDigest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
