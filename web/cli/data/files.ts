// Samples in files or folders of their own: tensors as .npy, .pb or .json.
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Engine } from '../../src/engine.js';
import { fail } from '../../src/errors.js';
import type { TensorInfo } from '../../src/tensor.js';
import type { Value } from '../../src/value.js';
import { readFeed } from '../feeds.js';
import type { Dataset } from './dataset.js';

const endings = ['.npy', '.pb', '.json'];

export function isTensorFile(path: string): boolean {
  return endings.some((ending) => path.endsWith(ending)) && !/^(labels|metadata)\./.test(basename(path));
}

export function ofFiles(engine: Engine, info: TensorInfo, files: readonly string[]): Dataset {
  return { count: files.length, feeds: async (i) => ({ [info.name]: await readFeed(engine, info, files[i]!) }), name: (i) => basename(files[i]!) };
}

export function ofFolders(engine: Engine, inputs: readonly TensorInfo[], folders: readonly string[]): Dataset {
  const find = (folder: string, name: string) => endings.map((ending) => join(folder, name + ending)).find((file) => existsSync(file)) ??
    fail('InvalidArgument', `${folder} has no file for the input '${name}'`, `Put ${name}.npy there.`);
  return {
    count: folders.length,
    name: (i) => basename(folders[i]!),
    async feeds(i) {
      const feeds: Record<string, Value> = {};
      for (const info of inputs) feeds[info.name] = await readFeed(engine, info, find(folders[i]!, info.name));
      return feeds;
    },
  };
}
