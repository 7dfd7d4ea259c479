// Keys in files: 32 bytes as they are, or as text in hexadecimal or base64.
import { readFileSync } from 'node:fs';
import { keyBytes } from '../src/encryption/format.js';
import { fail, toInsituError } from '../src/errors.js';
import { refuse } from './command.js';
import type { Flags } from './command.js';

/** What names of encrypted files end in, unless somebody says otherwise. */
export const encryptedEnding = '.enc';
export const keyFlag = { 'key-file': { type: 'string' } } as const;

/** The key in the file that --key-file names. */
export function readKey(file: Flags[string]): Uint8Array {
  if (typeof file !== 'string') refuse('pass --key-file');
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (thrown) {
    return fail('InvalidArgument', `cannot read ${file}: ${toInsituError(thrown).message}`, 'Pass the file that holds the key.', thrown);
  }
  const text = bytes.toString('latin1').trim();
  if (/^[0-9a-f]{32}$/i.test(text)) {
    fail('InvalidArgument', `${file} holds 32 hexadecimal digits, which are a key of 128 bits`, `Make one of ${8 * keyBytes}: openssl rand -hex ${keyBytes}.`);
  }
  if (bytes.length === keyBytes) return bytes;
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^([A-Za-z0-9+/]{43}=?|[\w-]{43}=?)$/.test(text)) return Buffer.from(text, 'base64');
  return fail('InvalidArgument', `${file} holds no key`,
    `It has to be ${keyBytes} bytes, as they are, in hexadecimal or in base64: openssl rand -hex ${keyBytes} makes one.`);
}
