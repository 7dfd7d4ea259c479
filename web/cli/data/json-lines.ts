// JSON lines: an object a sample, {feeds, label, metadata, name}. Feeds are nested arrays, {dims, data}, or files beside the lines.
// Invariant: what is wrong is named by file and line.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { Engine } from '../../src/engine.js';
import { fail } from '../../src/errors.js';
import type { Attribute } from '../../src/evaluate/slices/columns.js';
import type { Label } from '../../src/evaluate/types.js';
import type { TensorInfo } from '../../src/tensor.js';
import type { Value } from '../../src/value.js';
import { failAt, fitting, fromJson, readFeed } from '../feeds.js';
import type { Dataset } from './dataset.js';
import { isPicture, readPicture } from './images.js';
import type { PictureOptions } from './images.js';

interface Line {
  feeds: Record<string, Parameters<typeof fromJson>[0]>;
  label?: Label;
  metadata?: Record<string, Attribute>;
  name?: string;
}

const members = ['feeds', 'label', 'metadata', 'name'];

export const isLines = (file: string) => /\.(jsonl|ndjson)$/.test(file);

/** Files that lines name as feeds, by the names that they have there. What is no line of such data names none. */
export function filesNamedBy(file: string): Map<string, string> {
  const names = readFileSync(file, 'utf8').split('\n').flatMap((text): unknown[] => {
    try {
      return Object.values(Object((JSON.parse(text) as Partial<Line> | null)?.feeds));
    } catch {
      return [];
    }
  });
  const found = names.filter((name): name is string => typeof name === 'string' && statSync(pathOf(file, name), { throwIfNoEntry: false })?.isFile() === true);
  return new Map(found.map((name) => [name, pathOf(file, name)]));
}

const pathOf = (file: string, name: string) => (isAbsolute(name) ? name : join(dirname(file), name));

export function openLines(engine: Engine, inputs: readonly TensorInfo[], file: string, options: PictureOptions = {}): Dataset {
  const lines = readFileSync(file, 'utf8').split('\n').map((text, i) => ({ text, at: `${file}:${i + 1}` })).filter(({ text }) => text.trim() !== '')
    .map(({ text, at }) => ({ at, line: parse(text, at) }));
  const feedOf = async (info: TensorInfo, { line, at }: (typeof lines)[number]): Promise<Value> => {
    const given = line.feeds[info.name];
    if (given === undefined) return fail('InvalidArgument', `${at}: there is no feed '${info.name}'`, `Write {"feeds": {"${info.name}": ...}}.`);
    try {
      if (typeof given !== 'string' || info.dtype === 'string') return fromJson(given, info);
      const path = pathOf(file, given);
      if (isPicture(path)) return await readPicture(engine, info, path, options);
      return existsSync(path) ? await readFeed(engine, info, path) : fail('InvalidArgument', `there is no file ${path}`, 'Files are looked for beside the lines.');
    } catch (thrown) {
      return failAt(`${at}: '${info.name}'`, thrown, 'Write nested arrays, {"dims", "data"} or the name of a file.');
    }
  };
  return {
    count: lines.length,
    name: (i) => lines[i]!.line.name ?? `line ${lines[i]!.at.slice(file.length + 1)}`,
    label: (i) => lines[i]!.line.label,
    metadata: (i) => lines[i]!.line.metadata,
    async feeds(i) {
      const feeds: Record<string, Value> = {};
      for (const info of inputs) feeds[info.name] = fitting(lines[i]!.at, await feedOf(info, lines[i]!), info);
      return feeds;
    },
  };
}

function parse(text: string, at: string): Line {
  const wrong = (what: string): never => fail('InvalidArgument', `${at}: ${what}`, 'Write {"feeds": {INPUT: ...}, "label": ..., "metadata": {...}, "name": "..."} on each line.');
  let line: Line;
  try {
    line = JSON.parse(text) as Line;
  } catch (thrown) {
    return wrong(`no JSON: ${(thrown as Error).message}`);
  }
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(line) || !isObject(line.feeds)) return wrong('there are no feeds');
  const unknown = Object.keys(line).find((name) => !members.includes(name));
  if (unknown !== undefined) return wrong(`'${unknown}' is not known`);
  if (line.label === null) delete line.label;
  if (line.metadata !== undefined && !isObject(line.metadata)) return wrong('metadata are no object');
  if (line.name !== undefined && typeof line.name !== 'string') return wrong('the name is no string');
  return line;
}
