// INPUT.npy for every input of a model, samples along the first axis.
// Invariant: of stacks only the rows that are asked for are copied.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../src/errors.js';
import { tensorOver } from '../../src/tensor.js';
import type { Tensor, TensorInfo } from '../../src/tensor.js';
import { fitting } from '../feeds.js';
import { readNpy } from '../npy.js';
import type { Dataset } from './dataset.js';
import { readLabels, readMetadata } from './labels.js';

export function openStacks(inputs: readonly TensorInfo[], files: readonly string[], folder: string): Dataset {
  const stacks = files.map((file) => readNpy(readFileSync(file), file));
  const counts = stacks.map(({ dims }) => dims[0] ?? 0);
  if (new Set(counts).size !== 1) {
    fail('ShapeMismatch', `the files hold ${counts.join(', ')} samples`, 'Every input needs as many.');
  }
  const [count] = counts as [number];
  const [labelFile, metadataFile] = ['labels.npy', 'metadata.csv'].map((name) => join(folder, name)) as [string, string];
  const labels = existsSync(labelFile) ? readLabels(labelFile, count) : undefined;
  const metadata = existsSync(metadataFile) ? readMetadata(metadataFile, count) : undefined;
  return {
    count,
    feeds: async (i) => Object.fromEntries(inputs.map((info, k) => [info.name, fitting(`${files[k]}, sample ${i}`, row(stacks[k]!, i, info.dims.length), info)])),
    ...(labels && { label: (i) => labels[i] }),
    ...(metadata && { metadata: (i) => metadata[i] }),
  };
}

/* Row `i` of a stack, for an input of `rank` dims: of a stack of as many, as a batch of one. */
function row({ dtype, dims, data }: Tensor, i: number, rank: number): Tensor {
  const bytes = new Uint8Array((data as Uint8Array).buffer, (data as Uint8Array).byteOffset, (data as Uint8Array).byteLength);
  const size = bytes.length / dims[0]!;
  const rest = dims.slice(1);
  return tensorOver({ dtype, dims: rest.length < rank ? [1, ...rest] : rest, data: bytes.slice(i * size, (i + 1) * size).buffer });
}
