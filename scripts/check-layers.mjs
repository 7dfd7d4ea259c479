// Holds the layers in place: engine/ includes only downwards, XNNPACK and protobuf have one folder
// each, one TypeScript file touches the wasm module and one touches Worker, and no file is over
// 400 lines. Prints each offence; exit status 1 if there is any.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './lib/paths.mjs';

const kMaxLines = 400;
// Headers of third parties, and where in engine/ each is included.
const kRooms = [
  [/^xnnpack\.h$/, /^engine\/exec\/xnn\//],
  [/^pthreadpool\.h$/, /^engine\/exec\/(xnn\/|thread_pool\.cc$)/],
  [/^google\/protobuf\/|\.pb\.h$/, /^engine\/onnx\//],
  [/^emscripten/, /^engine\/base\//],
];
const kBelow = {
  base: [],
  monitor: ['base'],
  preprocess: ['base'],
  ir: ['base'],
  ops: ['base', 'ir'],
  onnx: ['base', 'ir', 'ops'],
  passes: ['base', 'ir', 'ops', 'onnx'],
  plan: ['base', 'ir', 'ops', 'onnx', 'passes'],
  exec: ['base', 'ir', 'ops', 'onnx', 'passes', 'plan'],
};
kBelow.session = [...kBelow.exec, 'exec', 'monitor', 'preprocess'];
kBelow.quantize = [...kBelow.session, 'session'];
kBelow.tools = [...kBelow.session, 'session', 'quantize'];

function* filesBelow(folder, pattern) {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(path, pattern);
    else if (pattern.test(entry.name)) yield path;
  }
}

const read = (path) => readFileSync(join(root, path), 'utf8');

function checkIncludes(offences) {
  for (const path of filesBelow('engine', /\.(cc|h)$/)) {
    const layer = path.split('/')[1];
    const below = kBelow[layer];
    if (!below) offences.push(`${path}: engine/${layer} is no known layer`);
    for (const [, quote, name] of read(path).matchAll(/^#include ([<"])([^>"]+)[>"]/gm)) {
      const target = name.split('/')[0];
      if (quote === '"' && target in kBelow && target !== layer && !below?.includes(target)) {
        offences.push(`${path}: ${layer} must not include ${name}`);
      }
      for (const [header, room] of kRooms) {
        if (header.test(name) && !room.test(path)) {
          offences.push(`${path}: ${name} is included only in ${room.source.replaceAll('\\', '')}`);
        }
      }
    }
  }
}

function checkWeb(offences) {
  for (const path of filesBelow('web/src', /\.ts$/)) {
    const text = read(path);
    if (/\bnew (Node)?Worker\(/.test(text) && path !== 'web/src/rpc/client.ts') {
      offences.push(`${path}: only rpc/client.ts makes workers`);
    }
    if (/\b(HEAPU?8|wasmMemory)\b/.test(text) && !/^web\/src\/rpc\/(host|memory|native)\.ts$/.test(path)) {
      offences.push(`${path}: only rpc/host.ts and memory.ts touch the memory of the wasm module`);
    }
  }
}

function checkLengths(offences) {
  const code = /\.(cc|h|ts|mjs|py|cmake|css|html)$/;
  for (const folder of ['engine', 'bindings', 'web', 'scripts', 'cmake', 'tests', 'models']) {
    for (const path of filesBelow(folder, code)) {
      const lines = read(path).split('\n').length - 1;
      if (lines > kMaxLines) offences.push(`${path}: ${lines} lines, at most ${kMaxLines}`);
    }
  }
}

export function checkLayers() {
  const offences = [];
  checkIncludes(offences);
  checkWeb(offences);
  checkLengths(offences);
  return offences;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const offences = checkLayers();
  for (const offence of offences) console.log(offence);
  console.log(offences.length === 0 ? 'Layers and lengths are in order.' : `${offences.length} offences`);
  process.exitCode = offences.length === 0 ? 0 : 1;
}
