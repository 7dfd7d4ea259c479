// insitu encrypt: a model, or a file with its external data, as an encrypted file that load() reads with the key.
// Invariant: the file appears under its name when it is complete, and has a prefix of nonces that no other file has.
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { bytesIn, defaultShardBytes, leastShardBytes, mostShardBytes, mostShards, nonceOf, prefixBytes, shardsOf, writeHeader }
  from '../src/encryption/format.js';
import type { Header } from '../src/encryption/format.js';
import { fail, InsituError, toInsituError } from '../src/errors.js';
import { findModel } from './cases.js';
import { onePositional, printer, progress, refuse, wholeNumber, writeText } from './command.js';
import type { Command, Flags } from './command.js';
import { encryptedEnding, keyFlag, readKey } from './key-file.js';
import { checkOutputs } from './output.js';
import { targetOf } from './write.js';

export const encrypt: Command = {
  summary: 'encrypts a model for load() with the option encryption',
  help: `usage: insitu encrypt MODEL --key-file KEY [-o OUT] [--shard-bytes N] [--json FILE]

Encrypts MODEL with AES-256-GCM, in shards that are decrypted one by one while they are downloaded. MODEL is an .onnx file, a folder
with model.onnx, or a file with external data: each file of a model is encrypted by itself.

  --key-file KEY   the key: a file of 32 bytes, as they are, in hexadecimal or in base64. This makes one:
                   openssl rand -hex 32 > model.key
  -o FILE          where to write; default: MODEL${encryptedEnding}
  --shard-bytes N  how much of the model is in one shard, from ${leastShardBytes} to ${mostShardBytes}; default: ${defaultShardBytes}
  --json FILE      writes {output, bytes, shards, shardBytes, integrity}; - is standard output

Prints the integrity of the model, which load() checks after decryption.

example: insitu encrypt model.onnx --key-file model.key -o model.onnx.enc`,
  options: { ...keyFlag, output: { type: 'string', short: 'o' }, 'shard-bytes': { type: 'string' }, json: { type: 'string' } },
  async run(flags, positionals) {
    const model = findModel(onePositional(positionals, 'MODEL'));
    const output = typeof flags.output === 'string' ? flags.output : model + encryptedEnding;
    checkOutputs({ '-o': output, '--json': flags.json }, [['MODEL', model], ['the key', String(flags['key-file'])]]);
    const key = readKey(flags['key-file']), shardBytes = shardBytesOf(flags);
    const print = printer(flags);
    const made = await encryptFile(model, output, key, shardBytes);
    print(`written to ${output}: ${made.bytes.toLocaleString('en')} bytes, ${made.shards === 1 ? '1 shard' : `${made.shards} shards`}`);
    print(`integrity of the model: ${made.integrity}`);
    if (flags.json !== undefined) writeText(flags.json, JSON.stringify({ output, ...made }, null, 2));
    return 0;
  },
};

function shardBytesOf(flags: Flags): number {
  const given = flags['shard-bytes'];
  const bytes = given === undefined ? defaultShardBytes : wholeNumber('--shard-bytes', given);
  if (bytes < leastShardBytes || bytes > mostShardBytes) refuse(`--shard-bytes wants a number from ${leastShardBytes} to ${mostShardBytes}, not ${bytes}`);
  return bytes;
}

async function encryptFile(model: string, output: string, key: Uint8Array, shardBytes: number) {
  const target = targetOf(output), part = target && `${target}.${randomBytes(6).toString('hex')}.part`;
  const input = await open(model).catch((thrown) => cannot('read', model, thrown));
  try {
    const { size: total } = await input.stat();
    const shards = shardsOf(total, shardBytes);
    if (shards > mostShards) refuse(`--shard-bytes ${shardBytes} makes ${shards} shards of ${model}: ${Math.ceil(total / mostShards)} is the least`);
    const header = { shardBytes, total, shards, prefix: randomBytes(prefixBytes) };
    const file = await (part ? open(part, 'wx') : open(output, 'w')).catch((thrown) => cannot('write', output, thrown));
    try {
      const made = await seal(input, file, header, key, (done) => progress.show(`encrypting ${model}`, { done, total, bytes: true }));
      await file.close();
      if (part) await rename(part, target!);
      return made;
    } catch (thrown) {
      await file.close().catch(() => {});
      if (part) await rm(part, { force: true });
      if (thrown instanceof InsituError) throw thrown;
      return cannot('write', output, thrown);
    }
  } finally {
    await input.close();
  }
}

async function seal(input: FileHandle, output: FileHandle, header: Header, key: Uint8Array, tell: (done: number) => void) {
  const head = writeHeader(header);
  const hash = createHash('sha256');
  await output.writeFile(head);
  let bytes = head.length;
  for (let shard = 0; shard < header.shards; shard++) {
    tell(shard * header.shardBytes);
    const plain = Buffer.alloc(bytesIn(header, shard));
    let filled = 0, bytesRead = -1;
    while (filled < plain.length && bytesRead !== 0) filled += ({ bytesRead } = await input.read(plain, filled)).bytesRead;
    if (filled < plain.length) fail('Network', 'the model has become shorter while it was read', 'Try again.');
    hash.update(plain);
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(header, shard)).setAAD(head);
    const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    await output.writeFile(sealed);
    bytes += sealed.length;
  }
  const { shards, shardBytes } = header;
  return { bytes, shards, shardBytes, integrity: `sha256-${hash.digest('base64')}` };
}

function cannot(what: 'read' | 'write', file: string, thrown: unknown): never {
  const { message } = toInsituError(thrown);
  if (what === 'read') fail('Network', `cannot read ${file}: ${message}`, 'Check the path of the file.', thrown);
  return fail('InvalidArgument', `cannot write ${file}: ${message}`, 'Pass a place that can be written to.', thrown);
}
