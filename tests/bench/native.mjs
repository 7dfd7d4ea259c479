// insitu compiled for this machine as a contestant of the bench: what the engine, and XNNPACK up to AVX2, do without
// WebAssembly. One process for each model and number of threads, which answers line by line (engine/tools/programs/contestant.cc).
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { buildPreset, folderOf } from '../../scripts/lib/flavours.mjs';
import { setup } from '../../scripts/setup.mjs';
import { tensorProto } from '../support/onnx-writer.mjs';

const kPreset = 'release';
const kProgram = 'insitu_contestant';

export async function buildNative() {
  await setup({ flavours: ['native'] });
  await buildPreset(kPreset, [kProgram]);
}

class NativeContestant {
  #process;
  #lines;
  #folder;
  #complaints = '';

  async load({ file, feeds, threads }) {
    this.#folder = mkdtempSync(join(tmpdir(), 'insitu-bench-'));
    Object.entries(feeds).forEach(([name, { dtype, dims, base64 }], i) =>
      writeFileSync(join(this.#folder, `input_${i}.pb`), tensorProto(name, dtype, dims, Buffer.from(base64, 'base64'))));
    this.#process = spawn(join(folderOf(kPreset), kProgram), [file, this.#folder, String(threads)]);
    this.#process.stderr.on('data', (text) => { this.#complaints += text; });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    const loadMs = await this.#number('loaded');
    return { flavour: null, threads, isolated: null, loadMs, firstRunMs: await this.run(), wasmBytes: null };
  }

  run() {
    this.#process.stdin.write('run\n');
    return this.#number('ran');
  }

  /* The bytes as base64, for the way to the page. */
  async results() {
    this.#process.stdin.write('results\n');
    const results = {};
    for (let i = 0; ; i++) {
      const [word, name, dtype, dims] = await this.#words();
      if (word === 'done') return results;
      const bytes = readFileSync(join(this.#folder, `output_${i}.bin`));
      results[name] = { dtype, dims: dims ? dims.split(',').map(Number) : [], base64: bytes.toString('base64') };
    }
  }

  heapBytes() {
    return null;
  }

  end() {
    this.#process?.kill();
    if (this.#folder) rmSync(this.#folder, { recursive: true });
  }

  async #words() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(this.#complaints.trim() || `${kProgram} ended`);
    return value.split(' ');
  }

  async #number(expected) {
    const [word, number] = await this.#words();
    if (word !== expected) throw new Error(`${kProgram} said '${word}' where '${expected}' was due`);
    return Number(number);
  }
}

/** { call(id, method, params), close() }: contestants by a name of the caller's choice; `fileOf` turns an address into a path. */
export function nativeContestants(fileOf) {
  const contestants = new Map();
  return {
    async call(id, method, params) {
      if (method === 'load') {
        contestants.set(id, new NativeContestant());
        params = { ...params, file: fileOf(params.model) };
      }
      const result = await contestants.get(id)?.[method](params);
      if (method === 'end') contestants.delete(id);
      return result;
    },
    close() {
      for (const contestant of contestants.values()) contestant.end();
    },
  };
}
