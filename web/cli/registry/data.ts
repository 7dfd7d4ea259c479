// Data as a registry and a card name them, from what a flag says.
import type { RegistryData } from '../../src/registry/format.js';
import { refuse, splitPair } from '../command.js';
import { digestData } from '../data/digest.js';

const kinds = ['training', 'calibration', 'evaluation'] as const;

/** What 'KIND=DIR' means. */
export async function dataFrom(text: string): Promise<RegistryData> {
  const [kind, path] = splitPair('--data', text);
  const known = kinds.find((one) => one === kind) ?? refuse(`--data wants ${kinds.join('=DIR, ')}=DIR, not '${text}'`);
  return { kind: known, ...await digestData(path) };
}
